// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.L7.Admission;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.Model.Observability;

namespace Penstock.L7.Forwarding;

/// <content>Counting and logging, once for each request.</content>
internal sealed partial class Exchange
{
    private void OnResponseHead(int status)
    {
        _status = status;
        _responseStart = _clientWriter.TotalSent;
    }

    private void Finish()
    {
        _ended = true;
        _worker.Reactor.Timers.Remove(_timer);
        var now = Stopwatch.GetTimestamp();
        var microseconds = Worker.Microseconds(_startTicks, now);
        var series = _route is null ? Listener.Unrouted : _route.Series[Math.Max(_target, 0)];
        var requestBytes = _requestBody.Bytes + _tunnelBytes;
        var responseBytes = _ownBytes ?? _responseBody.Bytes;
        series.Cells[_worker.Index].Count(_status, microseconds, requestBytes, responseBytes);
        _connection.Slot.CountersOf(_worker.Index).OnRequest();
        if (_error != ProxyError.None)
            _worker.Counters.Count(_error, _rejection);
        if (_grpcStatus is { } status)
            _worker.Counters.GrpcStatuses[(int)status]++;
        if (_worker.AccessLog is { } ring)
            Log(ring, now, microseconds, requestBytes, responseBytes);
    }

    private void Log(AccessLogRing ring, long now, long microseconds, long requestBytes, long responseBytes)
    {
        var parsed = _headTicks != 0;
        Request.TryGet(KnownHeader.UserAgent, out var userAgent);
        Request.TryGet(KnownHeader.Referer, out var referer);
        var client = parsed ? FindClient() : _connection.Peer;
        Span<byte> address = stackalloc byte[16];
        ring.TryWrite(new AccessRecord
        {
            StartUnixMicroseconds = _worker.WallMicroseconds(now) - microseconds,
            DurationMicroseconds = microseconds,
            UpstreamMicroseconds = _upstreamTicks == 0 ? -1 : Worker.Microseconds(_headTicks, _upstreamTicks),
            ClientAddress = address[..client.WriteBytes(address)],
            ClientPort = client == _connection.Peer ? _connection.PeerPort : 0,
            Method = parsed ? Request.Method : default,
            Target = parsed ? Request.Target : default,
            Host = parsed ? Request.Authority : default,
            UserAgent = parsed ? userAgent : default,
            Referer = parsed ? referer : default,
            ProxyValues = _connection.ProxyValues,
            RequestId = parsed ? RequestId() : default,
            HttpVersion = parsed ? Request.Version : 0,
            Status = _status,
            Reason = Reason(),
            Listener = Listener.Config.Name,
            Route = _route?.Route.Name ?? "",
            Cluster = _target >= 0 ? _route!.Targets[_target].Config.Name : "", // A target is one of a route.
            Endpoint = _pool?.Name ?? "",
            RequestBodyBytes = requestBytes,
            ResponseBodyBytes = responseBytes,
            Attempts = _attempts,
        });
    }

    /// <summary>The client itself, or the one that trusted proxies in front speak for.</summary>
    private ClientAddress FindClient()
    {
        var client = _connection.Peer;
        if (!_trusted)
            return client;
        for (var i = Request.FieldCount - 1; i >= 0; i--)
        {
            var field = Request.Field(i);
            if (field.Id == KnownHeader.XForwardedFor && !Listener.TrustedProxies.Walk(field.Value, ref client))
                break;
        }

        return client;
    }

    private string Reason() => _error switch
    {
        ProxyError.None => "",
        ProxyError.RequestRejected or ProxyError.ResponseRejected => _rejection.Token(),
        _ => ProxyErrors.Of(_error).Token,
    };
}
