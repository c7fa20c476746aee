// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Penstock.Tests;
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed class BgpMeterTests
{
    [Fact]
    public void Document_HasEveryMetric() => DocumentedMetrics.In("bgp.md").ShouldBe(DocumentedMetrics.Of("Penstock.Bgp", () => new BgpMeter(() => BgpStatus.None)), ignoreOrder: true);

    [Fact]
    public void Instruments_TellSessionsAnnouncementsAndRestarts()
    {
        var status = new BgpStatus(
            BgpPhase.Serving,
            [new("meter-tor1", "192.0.2.1", 65000, "established", Since: null, LastError: null, Bfd: null), new("meter-tor2", "192.0.2.2", 65000, "idle", Since: null, LastError: null, Bfd: null)],
            [new("meter-203.0.113.10", Announced: true, []), new("meter-203.0.113.11", Announced: false, ["drained"])],
            new BirdStatus(7, [], ImmutableSortedDictionary<string, long>.Empty.Add("ended", 424241), SessionsLost: 424242),
            []);
        var seen = new SortedDictionary<string, long>(StringComparer.Ordinal);
        using var meter = new BgpMeter(() => status);
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == "Penstock.Bgp") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.Start();

        listener.RecordObservableInstruments();

        seen.ShouldContainKeyAndValue("penstock.bgp.session.up meter-tor1", 1);
        seen.ShouldContainKeyAndValue("penstock.bgp.session.up meter-tor2", 0);
        seen.ShouldContainKeyAndValue("penstock.bgp.announced meter-203.0.113.10", 1);
        seen.ShouldContainKeyAndValue("penstock.bgp.announced meter-203.0.113.11", 0);
        seen.ShouldContainKeyAndValue("penstock.bgp.bird.restarts ended", 424241);
        seen.ShouldContainKeyAndValue("penstock.bgp.bird.up ", 1);
        seen.ShouldContainKeyAndValue("penstock.bgp.sessions.lost ", 424242);

        // Meters that other tests have made at the same time are seen too: their values without a name are lower.
        void Keep(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = $"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}";
            seen[key] = Math.Max(value, seen.GetValueOrDefault(key));
        }
    }
}
