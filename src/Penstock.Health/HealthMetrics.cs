// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Health;

/// <summary>The meter <c>Penstock.Health</c>.</summary>
internal sealed class HealthMetrics : IDisposable
{
    private readonly Meter _meter = new("Penstock.Health");
    private readonly Counter<long> _checks;

    /// <summary>Instruments.</summary>
    /// <param name="endpointsUp">One measurement an endpoint: 1 ready, 0 down.</param>
    public HealthMetrics(Func<IEnumerable<Measurement<int>>> endpointsUp)
    {
        _checks = _meter.CreateCounter<long>("penstock.health.checks", description: "Health checks done, by result.");
        _meter.CreateObservableGauge("penstock.health.endpoint.up", endpointsUp, description: "Whether an endpoint's health checks hold it ready (1) or down (0).");
    }

    /// <summary>Counts a check.</summary>
    public void Count(string cluster, bool passed) =>
        _checks.Add(1, new("cluster", cluster), new("result", passed ? "success" : "failure"));

    public void Dispose() => _meter.Dispose();
}
