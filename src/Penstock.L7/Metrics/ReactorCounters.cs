// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Tls;

namespace Penstock.L7.Metrics;

/// <summary>What one reactor counts besides requests; written by it alone, read by any thread.</summary>
internal sealed class ReactorCounters
{
    /// <summary>Requests the proxy answered or broke off itself, by <see cref="ProxyError"/>.</summary>
    internal long[] Errors { get; } = new long[ProxyErrors.All.Length + 1];

    /// <summary>Requests rejected by the codec, by <see cref="RejectReason"/>.</summary>
    internal long[] RejectedRequests { get; } = new long[Enum.GetValues<RejectReason>().Length];

    /// <summary>Responses rejected by the codec, by <see cref="RejectReason"/>.</summary>
    internal long[] RejectedResponses { get; } = new long[Enum.GetValues<RejectReason>().Length];

    /// <summary>Endpoints passed over for another because a connect failed, or no more connections were allowed.</summary>
    internal long ConnectRetries { get; set; }

    /// <summary>Requests sent again because the connection ended before a byte of the response.</summary>
    internal long UnheardRetries { get; set; }

    /// <summary>Bytes that pipes have moved from socket to socket.</summary>
    internal long SplicedBytes { get; set; }

    /// <summary>TLS handshakes with endpoints.</summary>
    internal TlsCounters Handshakes { get; } = new();

    /// <summary>Connections to endpoints opened.</summary>
    internal long ConnectionsOpened { get; set; }

    /// <summary>Requests sent over a connection used before.</summary>
    internal long ConnectionsReused { get; set; }

    /// <summary>HTTP/2 of clients.</summary>
    internal Http2Counters Http2 { get; } = new();

    /// <summary>HTTP/2 of endpoints.</summary>
    internal Http2Counters UpstreamHttp2 { get; } = new();

    /// <summary>Calls of gRPC, by the status that their clients were told.</summary>
    internal long[] GrpcStatuses { get; } = new long[Grpc.GrpcStatuses.Count];

    /// <summary>Counts a request the proxy answered or broke off itself.</summary>
    internal void Count(ProxyError error, RejectReason rejection)
    {
        Errors[(int)error]++;
        if (error == ProxyError.RequestRejected)
            RejectedRequests[(int)rejection]++;
        else if (error == ProxyError.ResponseRejected)
            RejectedResponses[(int)rejection]++;
    }
}
