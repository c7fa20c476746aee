// SPDX-License-Identifier: Apache-2.0

namespace Penstock.Model;

/// <summary>The listener that serves /metrics, apart from the proxy tier.</summary>
public sealed record MetricsConfig
{
    /// <summary>Address the metrics listener binds to.</summary>
    public required SocketEndpoint Bind { get; init; }
}
