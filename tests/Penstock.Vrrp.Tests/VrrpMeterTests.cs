// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Vrrp.Tests;

public sealed class VrrpMeterTests
{
    [Fact]
    public void Document_HasEveryMetric() => DocumentedMetrics.In("vrrp.md").ShouldBe(DocumentedMetrics.Of("Penstock.Vrrp", () => new VrrpMeter(() => [], () => [])), ignoreOrder: true);

    [Fact]
    public void Instruments_OfAGroup_TellRolesTransitionsAndRestarts()
    {
        var transitions = ImmutableSortedDictionary<VrrpRole, long>.Empty.Add(VrrpRole.Master, 2);
        KeepalivedStatus[] statuses =
        [
            new("meter-both", 7, [new("meter-a", VrrpRole.Master, null, transitions)], ImmutableSortedDictionary<string, long>.Empty.Add("stopped", 3), UnknownLines: 4, RunsScripts: true),
            new("meter-b", null, [], ImmutableSortedDictionary<string, long>.Empty, UnknownLines: 0, RunsScripts: true),
        ];
        var seen = new SortedDictionary<string, long>(StringComparer.Ordinal);
        using var meter = new VrrpMeter(() => statuses, () => [new("meter-a", "eth0", 51, VrrpRole.Master, Since: null, 100, InstanceHealth.Fault, [], [], 2)]);
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == "Penstock.Vrrp") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.Start();

        listener.RecordObservableInstruments();

        seen.ShouldBe(new SortedDictionary<string, long>(StringComparer.Ordinal)
        {
            ["penstock.vrrp.health meter-a"] = -254,
            ["penstock.vrrp.keepalived.restarts meter-both stopped"] = 3,
            ["penstock.vrrp.keepalived.unknown meter-both"] = 4,
            ["penstock.vrrp.keepalived.up meter-both"] = 1,
            ["penstock.vrrp.role meter-a master"] = 1,
            ["penstock.vrrp.transitions meter-a master"] = 2,
        });

        void Keep(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Those of meters that other tests have made at the same time are seen too.
            if (value != 0 && tags.ToArray().Any(tag => tag.Value is string text && text.StartsWith("meter-", StringComparison.Ordinal)))
                seen[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}"] = value;
        }
    }
}
