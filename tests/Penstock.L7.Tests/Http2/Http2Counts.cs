// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.L7.Tests.Http2;

/// <summary>What engines have counted of connections that broke the rules.</summary>
internal sealed class Http2Counts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _broken = new(StringComparer.Ordinal);

    public Http2Counts()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "penstock.http2.connections.broken")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => _broken[(string)tags[0].Value!] = _broken.GetValueOrDefault((string)tags[0].Value!) + value); // One tag, the reason.
        _listener.Start();
    }

    public long Broken(string reason)
    {
        _broken.Clear();
        _listener.RecordObservableInstruments();
        return _broken[reason];
    }

    public void Dispose() => _listener.Dispose();
}
