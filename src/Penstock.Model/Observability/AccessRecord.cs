// SPDX-License-Identifier: Apache-2.0

namespace Penstock.Model.Observability;

/// <summary>One finished request, as a reactor hands it to the access log. Spans are raw bytes from the wire, valid only during the call.</summary>
public ref struct AccessRecord
{
    /// <summary>When the first byte of the request came, microseconds since the Unix epoch.</summary>
    public long StartUnixMicroseconds;

    /// <summary>From the first byte of the request to the last byte of the response, microseconds.</summary>
    public long DurationMicroseconds;

    /// <summary>From the end of the request's head to the head of the endpoint's response, microseconds; -1: no endpoint answered.</summary>
    public long UpstreamMicroseconds;

    /// <summary>Client address: 4 or 16 bytes in network order, or empty for a Unix socket.</summary>
    public ReadOnlySpan<byte> ClientAddress;

    /// <summary>Client port.</summary>
    public int ClientPort;

    /// <summary>Method.</summary>
    public ReadOnlySpan<byte> Method;

    /// <summary>Request target as received.</summary>
    public ReadOnlySpan<byte> Target;

    /// <summary>Host as received.</summary>
    public ReadOnlySpan<byte> Host;

    /// <summary>User-Agent, or empty.</summary>
    public ReadOnlySpan<byte> UserAgent;

    /// <summary>Referer, or empty.</summary>
    public ReadOnlySpan<byte> Referer;

    /// <summary>Request id.</summary>
    public ReadOnlySpan<byte> RequestId;

    /// <summary>Values of the PROXY header that the connection came with, as text; empty: none.</summary>
    public ReadOnlySpan<byte> ProxyValues;

    /// <summary>10 or 11; 0 when the request could not be read.</summary>
    public int HttpVersion;

    /// <summary>Status sent to the client; 0: none.</summary>
    public int Status;

    /// <summary>Why the proxy answered itself or broke off: a token shared with Proxy-Status and metrics; empty when the endpoint's answer went through whole.</summary>
    public string Reason;

    /// <summary>Name of the listener.</summary>
    public string Listener;

    /// <summary>Name of the route, or empty.</summary>
    public string Route;

    /// <summary>Name of the cluster, or empty.</summary>
    public string Cluster;

    /// <summary>Address of the endpoint tried last, or empty.</summary>
    public string Endpoint;

    /// <summary>Bytes of the request body, and of what the client sent through a tunnel.</summary>
    public long RequestBodyBytes;

    /// <summary>Bytes of the response body, and of what the endpoint sent through a tunnel.</summary>
    public long ResponseBodyBytes;

    /// <summary>Times the request was sent to an endpoint, or a connection for it failed; 0: never.</summary>
    public int Attempts;
}
