// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.L4;

/// <summary>Shows what the program counts as instruments of the meter <c>Penstock.L4</c>; maps are read when somebody collects.</summary>
internal sealed class L4Meter : IDisposable
{
    // A collection takes less.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly Meter _meter = new("Penstock.L4");
    private readonly Lock _gate = new();
    private readonly HashSet<string> _served = new(StringComparer.Ordinal);
    private readonly Func<L4Status> _status;
    private readonly TimeProvider _time;
    private L4Status _last = L4Status.Empty;
    private long _readAt;

    /// <summary>Instruments that read a status when collected.</summary>
    public L4Meter(Func<L4Status> status, TimeProvider time)
    {
        (_status, _time) = (status, time);
        Counter("penstock.l4.service.unserved", PerService(service => service.Unserved), unit: null, "Packets of a service that went to no backend and were not answered by a cookie: dropped, rejected, too big, or passed up the stack.");
        Counter("penstock.l4.service.cookies", PerService(service => service.Cookies), unit: null, "SYNs of a service answered by cookies.");
        Counter("penstock.l4.service.table.hits", TableHits, unit: null, "Packets of a service whose flow the flow table, or with nat that of nat flows, knew; engine xdp alone.");
        Counter("penstock.l4.service.evicted.flows", PerService(service => service.EvictedFlows), unit: null, "UDP flows of a service ended to make room for others; engine userspace alone.");
        Counter("penstock.l4.accept.pauses", AcceptPauses, unit: null, "Times that connections had to wait because there were too many, or no descriptor was left; engine userspace alone.");
        Counter("penstock.l4.backend.packets", PerBackend(backend => backend.Packets), unit: null, "Packets towards a backend since it was added.");
        Counter("penstock.l4.backend.bytes", PerBackend(backend => backend.Bytes), "By", "Bytes towards a backend, frames as they arrived.");
        Counter("penstock.l4.backend.flows", PerBackend(backend => backend.Connections), unit: null, "New flows towards a backend.");
        Counter("penstock.l4.backend.table.misses", PerBackend(backend => backend.TableMisses), unit: null, "Packets towards a backend whose flow the flow table did not know.");
        Counter("penstock.l4.backend.return.packets", PerBackend(backend => backend.ReturnPackets), unit: null, "Packets from a backend to clients, by nat; engines xdp and ipvs.");
        Counter("penstock.l4.backend.return.bytes", PerBackend(backend => backend.ReturnBytes), "By", "Bytes from a backend to clients, by nat: frames as they arrived; engine ipvs: IP packets; engine userspace: without headers.");
        Counter("penstock.l4.backend.connect.failures", PerBackend(backend => backend.FailedConnects), unit: null, "Connects a backend refused or did not answer, and UDP flows it answered with ICMP unreachable; engine userspace alone.");
        Gauge("penstock.l4.backend.slots", PerBackend(backend => backend.Slots), unit: null, "Slots of the Maglev table a backend has.");
        Gauge("penstock.l4.backend.ready", PerBackend(backend => backend.State == "ready" ? 1 : 0), unit: null, "Whether a backend is ready.");
        Gauge("penstock.l4.backend.share", PerBackend(backend => backend.Share), unit: null, "Part of its weight that counts: below 1 in a slow start.");
        Gauge("penstock.l4.next.hops.unresolved", UnresolvedHops, unit: null, "Backends that frames can't be sent to, because nobody on the link answers for their next hop or there is no route; engine xdp alone.");
        Gauge("penstock.l4.service.panic", PerService(service => service.IsInPanic ? 1 : 0), unit: null, "Whether so few backends are up that all are used.");
        Counter("penstock.l4.service.drops", ServiceDrops, unit: null, "Packets of a service dropped, by reason.");
        Counter("penstock.l4.drops", Drops, unit: null, "Packets dropped, by reason, those of no service too.");
        Counter("penstock.l4.service.drop.bytes", ServiceDropBytes, "By", "Bytes of a service dropped, by reason, frames as they were then; engine xdp alone.");
        Counter("penstock.l4.drop.bytes", DropBytes, "By", "Bytes dropped, by reason, those of no service too, frames as they were then; engine xdp alone.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    // A collection asks each instrument once: one that is asked again is in another, which takes another reading.
    private L4Status Read(string instrument)
    {
        lock (_gate)
        {
            if (_readAt == 0 || !_served.Add(instrument) || _time.GetElapsedTime(_readAt) > Fresh)
            {
                _last = _status();
                _readAt = _time.GetTimestamp();
                _served.Clear();
                _served.Add(instrument);
            }

            return _last;
        }
    }

    private void Counter(string name, Func<L4Status, IEnumerable<Measurement<long>>> values, string? unit, string description) =>
        _meter.CreateObservableCounter(name, () => values(Read(name)), unit, description);

    private void Gauge<T>(string name, Func<L4Status, IEnumerable<Measurement<T>>> values, string? unit, string description)
        where T : struct => _meter.CreateObservableGauge(name, () => values(Read(name)), unit, description);

    private static Func<L4Status, IEnumerable<Measurement<long>>> PerService(Func<ServiceCounters, long> value) => status =>
        status.Services.Select(service => new Measurement<long>(value(service), Tag("service", service.Name)));

    private static Func<L4Status, IEnumerable<Measurement<T>>> PerBackend<T>(Func<BackendCounters, T> value)
        where T : struct => status =>
        from service in status.Services
        from backend in service.Backends
        select new Measurement<T>(value(backend), Tag("service", service.Name), Tag("backend", backend.Address));

    private static IEnumerable<Measurement<long>> ServiceDrops(L4Status status) =>
        from service in status.Services
        from drop in service.Drops
        select new Measurement<long>(drop.Value, Tag("service", service.Name), Tag("reason", drop.Key));

    private static IEnumerable<Measurement<long>> ServiceDropBytes(L4Status status) =>
        from service in status.Services
        from drop in service.DropBytes
        select new Measurement<long>(drop.Value, Tag("service", service.Name), Tag("reason", drop.Key));

    private static IEnumerable<Measurement<long>> TableHits(L4Status status) =>
        from service in status.Services
        where service.TableHits is not null
        select new Measurement<long>(service.TableHits.GetValueOrDefault(), Tag("service", service.Name));

    private static IEnumerable<Measurement<int>> UnresolvedHops(L4Status status) => status.Unresolved is { } addresses ? [new Measurement<int>(addresses.Length)] : [];

    private static IEnumerable<Measurement<long>> AcceptPauses(L4Status status) => status.AcceptPauses is { } pauses ? [new Measurement<long>(pauses)] : [];

    private static IEnumerable<Measurement<long>> Drops(L4Status status) =>
        status.Drops.Select(drop => new Measurement<long>(drop.Value, Tag("reason", drop.Key)));

    private static IEnumerable<Measurement<long>> DropBytes(L4Status status) =>
        status.DropBytes.Select(drop => new Measurement<long>(drop.Value, Tag("reason", drop.Key)));
}
