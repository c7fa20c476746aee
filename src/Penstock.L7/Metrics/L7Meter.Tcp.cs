// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.L7.Tcp;

namespace Penstock.L7.Metrics;

/// <content>Connections of listeners of mode tcp.</content>
internal sealed partial class L7Meter
{
    private void AddStreams()
    {
        _meter.CreateObservableCounter("penstock.tcp.connections", Streams, unit: null, "Connections of listeners of mode tcp that have ended, by the reason that the access log gives, too; none where both sides were done.");
        _meter.CreateObservableCounter("penstock.tcp.connection.duration", () => PerStream(cell => cell.Microseconds / 1e6), "s", "Time from the accept to the end of connections of listeners of mode tcp that have ended.");
        _meter.CreateObservableCounter("penstock.tcp.received", () => PerStream(cell => cell.RequestBytes), "By", "Bytes of clients on connections of listeners of mode tcp that have ended.");
        _meter.CreateObservableCounter("penstock.tcp.sent", () => PerStream(cell => cell.ResponseBytes), "By", "Bytes of endpoints on connections of listeners of mode tcp that have ended.");
    }

    private IEnumerable<Measurement<long>> Streams()
    {
        foreach (var series in _streams.All)
        {
            foreach (var codes in series.Cells.SelectMany(cell => cell.Codes.ToArray()).GroupBy(code => code.Status))
                yield return new Measurement<long>(codes.Sum(code => code.Count), [.. Tags(series), Tag("reason", StreamEnd.ReasonOf(codes.Key))]);
        }
    }

    private IEnumerable<Measurement<long>> PerStream(Func<RequestCell, long> value) =>
        _streams.All.Select(series => new Measurement<long>(series.Cells.Sum(value), Tags(series)));

    private IEnumerable<Measurement<double>> PerStream(Func<RequestCell, double> value) =>
        _streams.All.Select(series => new Measurement<double>(series.Cells.Sum(value), Tags(series)));
}
