// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>What engine userspace has for all services; timeouts and the most flows are those of nat.</summary>
public sealed record UserspaceConfig
{
    /// <summary>Time in which a backend has to take a connection; then another is tried. Default 5 s (Envoy: connect_timeout).</summary>
    [Range("10ms", "10m")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
