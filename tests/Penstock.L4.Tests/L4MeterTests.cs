// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.Tests;

namespace Penstock.L4.Tests;

[Collection(AloneCollection.Name)] // Engines of other tests have meters of the same name.
public sealed class L4MeterTests
{
    [Fact]
    public void Collection_ThatTakesSeconds_IsOfOneReading()
    {
        var time = new ManualTimeProvider();
        var (readings, seen) = (0, new List<long>());
        using var meter = new L4Meter(() => Status(++readings), time);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (string.Equals(instrument.Meter.Name, "Penstock.L4", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (instrument.Name is not "penstock.l4.backend.packets" and not "penstock.l4.service.cookies" and not "penstock.l4.drops")
                return;
            seen.Add(value);
            time.Advance(TimeSpan.FromSeconds(2));
        });
        listener.Start();

        listener.RecordObservableInstruments();
        listener.RecordObservableInstruments();

        readings.ShouldBe(2);
        seen.ShouldBe([1, 1, 1, 2, 2, 2]);
    }

    private static L4Status Status(long value) => L4Status.Empty with
    {
        Services =
        [
            new ServiceCounters("web", "tcp://203.0.113.10:80", "nat", 0, 0, 0, 0, value, L4Status.Empty.Drops, [new BackendCounters("10.0.0.1", 1, "ready", "", 0, 0, value, 0, 0, 1)], IsInPanic: false),
        ],
        Drops = L4Status.Empty.Drops.Add("malformed", value),
    };
}
