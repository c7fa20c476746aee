// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.L4;

/// <summary>Shows what the program counts as instruments of the meter <c>Penstock.L4</c>; maps are read when somebody collects.</summary>
internal sealed class L4Meter : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(100);

    private readonly Meter _meter = new("Penstock.L4");
    private readonly Func<L4Status> _status;
    private L4Status _last = L4Status.Empty;
    private long _readAt;

    /// <summary>Instruments that read a status when collected.</summary>
    public L4Meter(Func<L4Status> status)
    {
        _status = status;
        _meter.CreateObservableCounter("penstock.l4.service.unserved", () => PerService(service => service.Unserved), unit: null, "Packets of a service that reached no backend and were not answered by a cookie.");
        _meter.CreateObservableCounter("penstock.l4.service.cookies", () => PerService(service => service.Cookies), unit: null, "SYNs of a service answered by cookies.");
        _meter.CreateObservableCounter("penstock.l4.backend.packets", () => PerBackend(backend => backend.Packets), unit: null, "Packets towards a backend since it was added.");
        _meter.CreateObservableCounter("penstock.l4.backend.bytes", () => PerBackend(backend => backend.Bytes), "By", "Bytes towards a backend, frames as they arrived.");
        _meter.CreateObservableCounter("penstock.l4.backend.flows", () => PerBackend(backend => backend.Connections), unit: null, "New flows towards a backend.");
        _meter.CreateObservableCounter("penstock.l4.backend.table.misses", () => PerBackend(backend => backend.TableMisses), unit: null, "Packets towards a backend whose flow the flow table did not know.");
        _meter.CreateObservableGauge("penstock.l4.backend.slots", () => PerBackend(backend => backend.Slots), unit: null, "Slots of the Maglev table a backend has.");
        _meter.CreateObservableGauge("penstock.l4.backend.ready", () => PerBackend(backend => backend.State == "ready" ? 1 : 0), unit: null, "Whether a backend is ready.");
        _meter.CreateObservableGauge("penstock.l4.backend.share", () => PerBackend(backend => backend.Share), unit: null, "Part of its weight that counts: below 1 in a slow start.");
        _meter.CreateObservableGauge("penstock.l4.service.panic", () => PerService(service => service.IsInPanic ? 1 : 0), unit: null, "Whether so few backends are up that all are used.");
        _meter.CreateObservableCounter("penstock.l4.service.drops", ServiceDrops, unit: null, "Packets of a service dropped, by reason.");
        _meter.CreateObservableCounter("penstock.l4.drops", Drops, unit: null, "Packets dropped, by reason, those of no service too.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    // One collection asks for each instrument in turn: one reading serves them all.
    private L4Status Read()
    {
        if (_readAt == 0 || TimeProvider.System.GetElapsedTime(_readAt) > Fresh)
        {
            _last = _status();
            _readAt = TimeProvider.System.GetTimestamp();
        }

        return _last;
    }

    private IEnumerable<Measurement<long>> PerService(Func<ServiceCounters, long> value) =>
        Read().Services.Select(service => new Measurement<long>(value(service), Tag("service", service.Name)));

    private IEnumerable<Measurement<T>> PerBackend<T>(Func<BackendCounters, T> value)
        where T : struct =>
        from service in Read().Services
        from backend in service.Backends
        select new Measurement<T>(value(backend), Tag("service", service.Name), Tag("backend", backend.Address));

    private IEnumerable<Measurement<long>> ServiceDrops() =>
        from service in Read().Services
        from drop in service.Drops
        select new Measurement<long>(drop.Value, Tag("service", service.Name), Tag("reason", drop.Key));

    private IEnumerable<Measurement<long>> Drops() =>
        Read().Drops.Select(drop => new Measurement<long>(drop.Value, Tag("reason", drop.Key)));
}
