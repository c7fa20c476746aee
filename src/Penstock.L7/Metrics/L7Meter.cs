// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using System.Globalization;
using Penstock.Http2;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Runtime;
using Penstock.L7.Tls;
using Penstock.Model;

namespace Penstock.L7.Metrics;

/// <summary>
/// Shows what the reactors count as instruments of the meter <c>Penstock.L7</c>. The reactors only write plain fields; the sums are made when somebody collects.
/// A histogram kept by reactors is three observable instruments: <c>.bucket</c> (tag <c>le</c>, cumulative), <c>.sum</c> and <c>.count</c>.
/// </summary>
internal sealed partial class L7Meter : IDisposable
{
    private readonly Meter _meter = new("Penstock.L7");
    private readonly Worker[] _workers;
    private readonly SeriesRegistry _series;
    private readonly SeriesRegistry _streams;
    private readonly Func<CompiledSnapshot> _current;

    internal L7Meter(Worker[] workers, SeriesRegistry series, SeriesRegistry streams, Func<CompiledSnapshot> current)
    {
        _workers = workers;
        _series = series;
        _streams = streams;
        _current = current;
        AddRequests();
        AddStreams();
        AddListeners();
        AddUpstream();
        AddReactors();
        AddHttp2();
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static KeyValuePair<string, object?>[] Tags(RequestSeries series) =>
        [Tag("listener", series.Listener), Tag("route", series.Route), Tag("cluster", series.Cluster)];

    private void AddRequests()
    {
        _meter.CreateObservableCounter("penstock.http.requests", Requests, unit: null, "Requests finished, by the status the client got; code 0: none.");
        _meter.CreateObservableCounter("penstock.http.request.duration.bucket", Buckets, "s", "Time from the first byte of a request to the last byte of its response.");
        _meter.CreateObservableCounter("penstock.http.request.duration.sum", () => PerSeries(cell => cell.Microseconds / 1e6), "s", "Time from the first byte of a request to the last byte of its response.");
        _meter.CreateObservableCounter("penstock.http.request.duration.count", () => PerSeries(CountOf), "s", "Time from the first byte of a request to the last byte of its response.");
        _meter.CreateObservableCounter("penstock.http.request.body", () => PerSeries(cell => cell.RequestBytes), "By", "Bytes of request bodies, and of what clients sent through tunnels.");
        _meter.CreateObservableCounter("penstock.http.response.body", () => PerSeries(cell => cell.ResponseBytes), "By", "Bytes of response bodies, and of what endpoints sent through tunnels.");
        _meter.CreateObservableCounter("penstock.http.errors", Errors, unit: null, "Requests the proxy answered or broke off itself, by the reason that Proxy-Status and the access log give, too.");
        _meter.CreateObservableCounter(
            "penstock.grpc.responses",
            () => Enum.GetValues<GrpcStatus>().Select(status => new Measurement<long>(_workers.Sum(w => w.Counters.GrpcStatuses[(int)status]), Tag("status", status.Token()))),
            unit: null,
            "Calls of gRPC over HTTP/2, by the status that the client was told.");
    }

    private void AddListeners()
    {
        _meter.CreateObservableCounter("penstock.listener.connections.accepted", () => PerListener(c => c.Accepted), unit: null, "Client connections accepted.");
        _meter.CreateObservableCounter("penstock.listener.connections.refused", Refusals, unit: null, "Client connections closed at once because of a limit: the listener's, or its client's.");
        _meter.CreateObservableCounter("penstock.listener.accept.pauses", () => PerListener(c => c.AcceptPauses), unit: null, "Pauses of 100 ms in accepting because clients held their share of the descriptors, or descriptors or memory had run out.");
        _meter.CreateObservableCounter("penstock.listener.proxy.headers.rejected", RejectedHeaders, unit: null, "Client connections closed because the PROXY header that they have to begin with was missing, late or wrong.");
        _meter.CreateObservableCounter("penstock.listener.proxy.values.left.out", () => PerListener(c => c.LeftOutValues), unit: null, "Values of PROXY headers, and of their lines in the access log, that were left out because they are too long.");
        _meter.CreateObservableGauge("penstock.listener.connections.open", () => PerListener(c => c.Open), unit: null, "Client connections open.");
        _meter.CreateObservableCounter("penstock.listener.tls.handshakes", Handshakes, unit: null, "TLS handshakes with clients, by how they ended.");
        _meter.CreateObservableGauge("penstock.listener.certificate.expiry", () => Shown(end => end.At), "s", "When a certificate ends, seconds since 1970.");
        _meter.CreateObservableGauge("penstock.listener.certificate.warning", () => Shown(end => end.Told), "s", "From when on there are warnings that a certificate ends, seconds since 1970.");
        _meter.CreateObservableGauge("penstock.certificate.warning", () => Others(end => end.Told), "s", "From when on there are warnings that the first certificate of a file ends of those that are no listener's own, seconds since 1970.");
        _meter.CreateObservableGauge("penstock.certificate.expiry", () => Others(end => end.At), "s", "When the first certificate of a file ends of those that are no listener's own: of clusters, of CAs, or between one and its CA; seconds since 1970.");
        _meter.CreateObservableCounter("penstock.listener.received", () => PerListener(c => c.ReceivedBytes), "By", "Bytes received on client connections that are closed.");
        _meter.CreateObservableCounter("penstock.listener.sent", () => PerListener(c => c.SentBytes), "By", "Bytes sent on client connections that are closed.");
    }

    private void AddUpstream()
    {
        _meter.CreateObservableCounter("penstock.endpoint.requests", () => PerEndpoint(e => e.Requests), unit: null, "Requests sent to an endpoint.");
        _meter.CreateObservableCounter("penstock.endpoint.failures", () => PerEndpoint(e => e.Failures), unit: null, "Requests and connects that failed at an endpoint.");
        _meter.CreateObservableGauge("penstock.endpoint.requests.active", () => PerEndpoint(e => e.Active), unit: null, "Requests in flight at an endpoint.");
        _meter.CreateObservableGauge("penstock.endpoint.connections.open", () => PerEndpoint(e => e.Connections), unit: null, "Connections open to an endpoint, unused ones included.");
        _meter.CreateObservableCounter("penstock.upstream.connections.opened", () => _workers.Sum(w => w.Counters.ConnectionsOpened), unit: null, "Connections opened to endpoints.");
        _meter.CreateObservableCounter("penstock.upstream.connections.reused", () => _workers.Sum(w => w.Counters.ConnectionsReused), unit: null, "Requests sent over a connection used before.");
        _meter.CreateObservableCounter(
            "penstock.upstream.tls.handshakes",
            () => TlsCounters.Results.Select(one => new Measurement<long>(_workers.Sum(w => w.Counters.Handshakes[one.Result]), Tag("result", one.Token))),
            unit: null,
            "TLS handshakes with endpoints, by how they ended.");
        _meter.CreateObservableCounter(
            "penstock.upstream.retries",
            () => new Measurement<long>[]
            {
                new(_workers.Sum(w => w.Counters.ConnectRetries), Tag("reason", "connect")),
                new(_workers.Sum(w => w.Counters.UnheardRetries), Tag("reason", "connection_terminated")),
            },
            unit: null,
            "Requests tried once more: at another endpoint because a connect failed or no more connections were allowed, or because a connection ended before a byte of the response.");
    }

    private void AddReactors()
    {
        _meter.CreateObservableGauge("penstock.reactors", () => _workers.Length, unit: null, "Reactors.");
        _meter.CreateObservableCounter("penstock.reactor.turns", () => _workers.Select(w => new Measurement<long>(w.Reactor.Turn, Tag("reactor", w.Index))), unit: null, "Turns of a reactor's loop.");
        _meter.CreateObservableCounter("penstock.reactor.gathers", () => _workers.Select(w => new Measurement<long>(w.Reactor.Gathers, Tag("reactor", w.Index))), unit: null, "Times that a reactor, woken for little, has waited a moment for more.");
        _meter.CreateObservableCounter("penstock.reactor.gathered", () => _workers.Select(w => new Measurement<long>(w.Reactor.Gathered, Tag("reactor", w.Index))), unit: null, "Events, or beginnings and ends of requests, that came in those moments.");
        _meter.CreateObservableCounter("penstock.spliced.bytes", () => _workers.Sum(w => w.Counters.SplicedBytes), unit: null, "Bytes of bodies, tunnels and connections of mode tcp that the kernel moved from socket to socket (splice).");
        _meter.CreateObservableCounter("penstock.defects", () => _workers.Sum(w => w.Defects), unit: null, "Connections ended by a defect of the proxy: each is a bug to report.");
        _meter.CreateObservableCounter("penstock.access.log.dropped", () => _workers.Sum(w => w.AccessLogDropped), unit: null, "Records that found no room in the access log's ring.");
    }

    private void AddHttp2()
    {
        _meter.CreateObservableCounter("penstock.http2.connections", () => _workers.Sum(w => w.Counters.Http2.Connections), unit: null, "Client connections that spoke HTTP/2.");
        _meter.CreateObservableCounter("penstock.http2.streams", () => _workers.Sum(w => w.Counters.Http2.Streams), unit: null, "Streams that clients began.");
        _meter.CreateObservableCounter("penstock.http2.resets", () => PerFault(w => w.Counters.Http2.Resets), unit: null, "Streams reset, by what the client did wrong; reason none: nothing, one end wanted no more of it.");
        _meter.CreateObservableCounter("penstock.http2.connections.broken", () => PerFault(w => w.Counters.Http2.Ends), unit: null, "Client connections ended with GOAWAY because the client broke the rules, by which.");
        _meter.CreateObservableCounter("penstock.upstream.http2.connections", () => _workers.Sum(w => w.Counters.UpstreamHttp2.Connections), unit: null, "Connections to endpoints that spoke HTTP/2.");
        _meter.CreateObservableCounter("penstock.upstream.http2.streams", () => _workers.Sum(w => w.Counters.UpstreamHttp2.Streams), unit: null, "Streams begun to endpoints.");
        _meter.CreateObservableCounter("penstock.upstream.http2.resets", () => PerFault(w => w.Counters.UpstreamHttp2.Resets), unit: null, "Streams to endpoints reset, by what the endpoint did wrong; reason none: nothing, one end wanted no more of it.");
        _meter.CreateObservableCounter("penstock.upstream.http2.connections.broken", () => PerFault(w => w.Counters.UpstreamHttp2.Ends), unit: null, "Connections to endpoints ended with GOAWAY because the endpoint broke the rules, by which.");
    }

    private IEnumerable<Measurement<long>> PerFault(Func<Worker, long[]> counts) =>
        Enum.GetValues<Http2Fault>().Select(fault => new Measurement<long>(_workers.Sum(w => counts(w)[(int)fault]), Tag("reason", fault.Token())));

    private IEnumerable<Measurement<long>> Requests()
    {
        foreach (var series in _series.All)
        {
            var sums = new SortedDictionary<int, long>();
            foreach (var cell in series.Cells)
            {
                foreach (var code in cell.Codes)
                    sums[code.Status] = sums.GetValueOrDefault(code.Status) + code.Count;
            }

            foreach (var (status, count) in sums)
                yield return new Measurement<long>(count, [.. Tags(series), Tag("code", status)]);
        }
    }

    private IEnumerable<Measurement<long>> Buckets()
    {
        foreach (var series in _series.All)
        {
            long sum = 0;
            for (var i = 0; i <= RequestCell.BucketBounds.Length; i++)
            {
                foreach (var cell in series.Cells)
                    sum += cell.Buckets[i];
                var bound = i < RequestCell.BucketBounds.Length ? (RequestCell.BucketBounds[i] / 1e6).ToString(CultureInfo.InvariantCulture) : "+Inf";
                yield return new Measurement<long>(sum, [.. Tags(series), Tag("le", bound)]);
            }
        }
    }

    private IEnumerable<Measurement<long>> Errors()
    {
        foreach (var error in ProxyErrors.All)
        {
            if (error is not (ProxyError.RequestRejected or ProxyError.ResponseRejected))
                yield return Reason(ProxyErrors.Of(error).Token, "", _workers.Sum(w => w.Counters.Errors[(int)error]));
        }

        foreach (var reason in Enum.GetValues<RejectReason>())
        {
            if (reason == RejectReason.None)
                continue;
            yield return Reason(reason.Token(), "request", _workers.Sum(w => w.Counters.RejectedRequests[(int)reason]));
            yield return Reason(reason.Token(), "response", _workers.Sum(w => w.Counters.RejectedResponses[(int)reason]));
        }
    }

    private static Measurement<long> Reason(string token, string rejected, long count) => new(count, Tag("reason", token), Tag("rejected", rejected));

    private static long CountOf(RequestCell cell)
    {
        long sum = 0;
        foreach (var count in cell.Buckets)
            sum += count;
        return sum;
    }

    private IEnumerable<Measurement<long>> PerSeries(Func<RequestCell, long> value) =>
        _series.All.Select(series => new Measurement<long>(series.Cells.Sum(value), Tags(series)));

    private IEnumerable<Measurement<double>> PerSeries(Func<RequestCell, double> value) =>
        _series.All.Select(series => new Measurement<double>(series.Cells.Sum(value), Tags(series)));

    private IEnumerable<Measurement<long>> PerListener(Func<ListenerCounters, long> value)
    {
        foreach (var listener in _current().Listeners)
        {
            if (listener is null)
                continue;
            long sum = 0;
            foreach (var counters in listener.Slot.Counters)
                sum += value(counters);
            yield return new Measurement<long>(sum, Tag("listener", listener.Config.Name));
        }
    }

    private IEnumerable<Measurement<long>> Handshakes()
    {
        foreach (var listener in _current().Listeners)
        {
            if (listener?.Tls is null)
                continue;
            foreach (var (result, token) in TlsCounters.Results)
            {
                long sum = 0;
                foreach (var counters in listener.Slot.Counters)
                    sum += counters.Tls[result];
                yield return new Measurement<long>(sum, Tag("listener", listener.Config.Name), Tag("result", token));
            }
        }
    }

    private IEnumerable<Measurement<long>> Shown(Func<CertificateEnd, DateTimeOffset> time) =>
        from listener in _current().Listeners
        where listener?.Tls is not null
        from certificate in listener.Tls!.Certificates.DistinctBy(certificate => certificate.Config.Cert, StringComparer.Ordinal) // As above.
        select new Measurement<long>(time(certificate.End).ToUnixTimeSeconds(), Tag("listener", listener.Config.Name), Tag("certificate", certificate.Config.Cert));

    private IEnumerable<Measurement<long>> Others(Func<CertificateEnd, DateTimeOffset> time) => CertificateWatch.Others(_current()).Select(one => new Measurement<long>(
        time(one.Certificate.End).ToUnixTimeSeconds(), Tag("owner", one.Owner), Tag("part", one.Certificate.Part), Tag("certificate", one.Certificate.File)));

    private IEnumerable<Measurement<long>> Refusals()
    {
        foreach (var listener in _current().Listeners)
        {
            if (listener is null)
                continue;
            var limiter = listener.Slot.Limiter;
            yield return new Measurement<long>(limiter.RefusedByListener, Tag("listener", listener.Config.Name), Tag("reason", ProxyErrors.Of(ProxyError.ListenerConnectionLimit).Token));
            yield return new Measurement<long>(limiter.RefusedByClient, Tag("listener", listener.Config.Name), Tag("reason", ProxyErrors.Of(ProxyError.ClientConnectionLimit).Token));
        }
    }

    private IEnumerable<Measurement<long>> RejectedHeaders()
    {
        foreach (var listener in _current().Listeners)
        {
            if (listener?.Config.ProxyProtocol is null)
                continue;
            foreach (var reason in Enum.GetValues<ProxyHeaderRejection>().Where(reason => reason != ProxyHeaderRejection.None))
            {
                long sum = 0;
                foreach (var counters in listener.Slot.Counters)
                    sum += counters.RejectedHeaders.IsEmpty ? 0 : counters.RejectedHeaders[(int)reason];
                yield return new Measurement<long>(sum, Tag("listener", listener.Config.Name), Tag("reason", ProxyHeaderRejections.Token(reason)));
            }
        }
    }

    private IEnumerable<Measurement<long>> PerEndpoint(Func<EndpointStatus, long> value) =>
        StatusReport.Of(_current(), _workers.Length, descriptors: null).Endpoints
            .Select(endpoint => new Measurement<long>(value(endpoint), Tag("cluster", endpoint.Cluster), Tag("endpoint", endpoint.Address)));
}
