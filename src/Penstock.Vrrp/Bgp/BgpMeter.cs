// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Vrrp.Bgp;

/// <summary>Shows sessions, announcements and how BIRD fares as instruments of the meter <c>Penstock.Bgp</c>; the status is read when somebody collects.</summary>
internal sealed class BgpMeter : IDisposable
{
    private readonly Meter _meter = new("Penstock.Bgp");

    /// <summary>Instruments that read a status when collected.</summary>
    public BgpMeter(Func<BgpStatus> status)
    {
        _meter.CreateObservableGauge(
            "penstock.bgp.session.up", () => status().Neighbors.Select(one => new Measurement<int>(one.IsUp ? 1 : 0, Tag("neighbor", one.Name))), unit: null,
            "Whether the session with a router is established.");
        _meter.CreateObservableGauge(
            "penstock.bgp.announced", () => status().Addresses.Select(one => new Measurement<int>(one.Announced ? 1 : 0, Tag("address", one.Address))), unit: null,
            "Whether a router is told of an address.");
        _meter.CreateObservableCounter("penstock.bgp.sessions.lost", () => Each(status(), bird => bird.SessionsLost), unit: null, "How often an established session was lost since the daemon's start.");
        _meter.CreateObservableGauge("penstock.bgp.bird.up", () => Each(status(), bird => bird.Pid is null ? 0 : 1), unit: null, "Whether BIRD runs.");
        _meter.CreateObservableCounter("penstock.bgp.bird.restarts", () => Restarts(status()), unit: null, "How often BIRD had to be started again, by reason.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static IEnumerable<Measurement<long>> Each(BgpStatus status, Func<BirdStatus, long> value) => status.Bird is { } bird ? [new Measurement<long>(value(bird))] : [];

    private static IEnumerable<Measurement<long>> Restarts(BgpStatus status) => status.Bird is { } bird
        ? ((string[])["ended", "silent", "stopped"]).Select(reason => new Measurement<long>(bird.Restarts.GetValueOrDefault(reason), Tag("reason", reason)))
        : [];
}
