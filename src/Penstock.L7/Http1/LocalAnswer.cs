// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>A response that the proxy makes itself.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct LocalAnswer
{
    /// <summary>100-599.</summary>
    public int Status { get; init; }

    /// <summary>Content-Type; empty: none.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>The body, possibly empty.</summary>
    public ReadOnlySpan<byte> Body { get; init; }

    /// <summary>Whether the request was HEAD: all fields, but no body.</summary>
    public bool HeadOnly { get; init; }

    /// <summary>Version of the client's request, 10 or 11; 0 when it could not be read.</summary>
    public int ClientVersion { get; init; }

    /// <summary>Whether the client's connection is to be kept.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>The time; see <see cref="HttpDate"/>.</summary>
    public ReadOnlySpan<byte> Date { get; init; }

    /// <summary>The proxy's member of Proxy-Status (RFC 9209); empty: none.</summary>
    public ReadOnlySpan<byte> ProxyStatus { get; init; }

    /// <summary>Where a redirect leads; empty: none.</summary>
    public ReadOnlySpan<byte> Location { get; init; }

    /// <summary>Methods of Allow, which 405 must have (RFC 9110 section 15.5.6); empty: none.</summary>
    public ReadOnlySpan<byte> Allow { get; init; }

    /// <summary>The X-Request-Id to send; empty: none.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }

    /// <summary>The value of grpc-status, for a call of gRPC, which gets no body then; empty: none.</summary>
    public ReadOnlySpan<byte> GrpcStatus { get; init; }

    /// <summary>The value of grpc-message; empty: none.</summary>
    public ReadOnlySpan<byte> GrpcMessage { get; init; }
}
