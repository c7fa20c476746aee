// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A response of the proxy's own.</summary>
public sealed record RespondAction
{
    /// <summary>200 to 599. Default 200.</summary>
    [Range("200", "599")]
    public int Status { get; init; } = 200;

    /// <summary>Body, UTF-8, at most 64 KiB. Default empty.</summary>
    [Text(TextForm.Body)]
    [Example("\"gone fishing\"")]
    public string Body { get; init; } = "";

    /// <summary>Value of Content-Type. Default text/plain; charset=utf-8.</summary>
    [Text(TextForm.HeaderValue)]
    public string ContentType { get; init; } = "text/plain; charset=utf-8";
}
