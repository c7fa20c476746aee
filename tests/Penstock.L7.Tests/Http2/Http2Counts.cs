// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.L7.Tests.Http2;

/// <summary>What engines have counted of connections that broke the rules, or by another instrument.</summary>
internal sealed class Http2Counts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    public Http2Counts(string instrument = "penstock.http2.connections.broken")
    {
        _listener.InstrumentPublished = (published, listener) =>
        {
            if (published.Name == instrument)
                listener.EnableMeasurementEvents(published);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var reason = tags.IsEmpty ? "" : (string)tags[0].Value!; // At most one tag, the reason.
            _counts[reason] = _counts.GetValueOrDefault(reason) + value;
        });
        _listener.Start();
    }

    public long Broken(string reason)
    {
        _counts.Clear();
        _listener.RecordObservableInstruments();
        return _counts[reason];
    }

    /// <summary>The count of an instrument without tags.</summary>
    public long Total() => Broken("");

    public void Dispose() => _listener.Dispose();
}
