// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Health;

/// <summary>What the monitors of all endpoints share.</summary>
/// <param name="Changed">Told of each change.</param>
/// <param name="Time">Clock of every wait.</param>
/// <param name="Logger">Where failures are reported.</param>
/// <param name="Metrics">Counts.</param>
/// <param name="Slots">Bounds the checks under way.</param>
/// <param name="CheckFor">Makes the check that a target asks for.</param>
/// <param name="Random">Uniform in [0, 1).</param>
internal sealed record MonitorContext(
    Action<HealthChange> Changed,
    TimeProvider Time,
    ILogger Logger,
    HealthMetrics Metrics,
    SemaphoreSlim Slots,
    Func<HealthTarget, IHealthCheck> CheckFor,
    Func<double> Random);
