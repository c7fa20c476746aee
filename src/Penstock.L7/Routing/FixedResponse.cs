// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>A response of the proxy's own, ready for the wire.</summary>
internal sealed class FixedResponse
{
    /// <summary>Compiles a response.</summary>
    public FixedResponse(RespondAction action)
    {
        Status = action.Status;
        Body = Encoding.UTF8.GetBytes(action.Body);
        ContentType = Encoding.UTF8.GetBytes(action.ContentType);
    }

    /// <summary>Status code.</summary>
    public int Status { get; }

    /// <summary>Body; may be empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Value of Content-Type.</summary>
    public ReadOnlyMemory<byte> ContentType { get; }
}
