// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model;

/// <summary>The listener that serves /metrics, apart from the proxy tier.</summary>
public sealed record MetricsConfig
{
    /// <summary>Address the metrics listener binds to.</summary>
    [Address(AddressUse.Bind)]
    [Example("\"127.0.0.1:9464\"")]
    public required SocketEndpoint Bind { get; init; }
}
