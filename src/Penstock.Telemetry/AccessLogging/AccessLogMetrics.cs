// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>The meter <c>Penstock.AccessLog</c>. What rings drop is counted by their writers (<c>penstock_access_log_dropped_total</c>).</summary>
internal sealed class AccessLogMetrics : IDisposable
{
    private readonly Meter _meter = new("Penstock.AccessLog");
    private readonly Counter<long> _errors;
    private long _records;
    private long _bytes;

    /// <summary>Instruments.</summary>
    public AccessLogMetrics()
    {
        _meter.CreateObservableCounter("penstock.access_log.records", () => Volatile.Read(ref _records), description: "Requests formatted for the access log.");
        _meter.CreateObservableCounter("penstock.access_log.written", () => Volatile.Read(ref _bytes), "By", "Bytes written to the access log.");
        _errors = _meter.CreateCounter<long>("penstock.access_log.errors", description: "Failures to open or write the access log.");
    }

    /// <summary>Counts a line; the log's thread only.</summary>
    public void CountRecord() => Volatile.Write(ref _records, _records + 1);

    /// <summary>Counts bytes; the log's thread only.</summary>
    public void CountBytes(int bytes) => Volatile.Write(ref _bytes, _bytes + bytes);

    /// <summary>Counts a failure.</summary>
    public void CountError() => _errors.Add(1);

    public void Dispose() => _meter.Dispose();
}
