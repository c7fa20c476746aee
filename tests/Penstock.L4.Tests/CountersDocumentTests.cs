// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Penstock.L4.Capture;
using Penstock.Tests;

namespace Penstock.L4.Tests;

[Collection(AloneCollection.Name)] // Engines of other tests have meters of the same name.
public sealed class CountersDocumentTests
{
    [Fact]
    public void Document_HasEveryReasonOfADrop() =>
        Rows().Where(name => !name.StartsWith("penstock_", StringComparison.Ordinal)).ShouldBe(CaptureRequest.ReasonNames, ignoreOrder: true);

    [Fact]
    public void Document_HasEveryMetric()
    {
        var names = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (string.Equals(instrument.Meter.Name, "Penstock.L4", StringComparison.Ordinal))
                    names.Add(instrument.Name.Replace('.', '_') + (instrument is ObservableCounter<long> ? "_total" : ""));
            },
        };
        listener.Start();
        using var meter = new L4Meter(() => L4Status.Empty, TimeProvider.System);

        Rows().Where(name => name.StartsWith("penstock_", StringComparison.Ordinal)).ShouldBe(names, ignoreOrder: true);
    }

    private static IEnumerable<string> Rows([CallerFilePath] string thisFile = "") =>
        File.ReadLines(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "l4-counters.md")) // A source file has a directory.
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);
}
