// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Telemetry.Http;

/// <summary>An answer.</summary>
/// <param name="Status">Status code, 200 to 599.</param>
/// <param name="ContentType">Value of Content-Type.</param>
/// <param name="Body">Content; not sent for HEAD.</param>
/// <param name="Allow">Value of Allow, for 405; null: none.</param>
public sealed record ControlHttpResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body, string? Allow = null)
{
    /// <summary>A line of plain text.</summary>
    public static ControlHttpResponse Text(int status, string line, string? allow = null) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"), allow);
}
