// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Observability;

/// <summary>What an access log line can say of a request. The name in a log is the member's in snake_case (<see cref="AccessLogFields"/>).</summary>
public enum AccessLogField
{
    /// <summary>When the first byte of the request came: RFC 3339, UTC, microseconds.</summary>
    Time,

    /// <summary>Client's IP address; empty for a Unix socket.</summary>
    ClientAddress,

    /// <summary>Client's port.</summary>
    ClientPort,

    /// <summary>Method.</summary>
    Method,

    /// <summary>Request target as received.</summary>
    Target,

    /// <summary>HTTP/1.0 or HTTP/1.1; empty when the request could not be read.</summary>
    Protocol,

    /// <summary>Host as received.</summary>
    Host,

    /// <summary>Status sent to the client; 0: none.</summary>
    Status,

    /// <summary>Why the proxy answered itself or broke off (RFC 9209 error types); empty: the endpoint's answer went through whole.</summary>
    Reason,

    /// <summary>Bytes of the request's body, and of what the client sent through a tunnel.</summary>
    RequestBytes,

    /// <summary>Bytes of the response's body, and of what the endpoint sent through a tunnel.</summary>
    ResponseBytes,

    /// <summary>From the first byte of the request to the last of the response, microseconds.</summary>
    DurationUs,

    /// <summary>From the end of the request's head to the head of the endpoint's response, microseconds; null (<c>-</c> in text): no endpoint answered.</summary>
    UpstreamUs,

    /// <summary>Times the request was sent to an endpoint, or a connection for it failed.</summary>
    Attempts,

    /// <summary>Listener.</summary>
    Listener,

    /// <summary>Route.</summary>
    Route,

    /// <summary>Cluster.</summary>
    Cluster,

    /// <summary>Address of the endpoint tried last; empty: none was.</summary>
    Endpoint,

    /// <summary>Request id.</summary>
    RequestId,

    /// <summary>Referer.</summary>
    Referer,

    /// <summary>User-Agent.</summary>
    UserAgent,

    /// <summary>What the PROXY header that the connection came with says beside addresses: <c>authority=</c>, <c>alpn=</c>, <c>ssl=</c>, <c>ssl_cn=</c>, <c>unique_id=</c>; empty: nothing.</summary>
    ProxyValues,
}
