// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>One backend as it stands.</summary>
/// <param name="Config">As configured.</param>
/// <param name="State">Whether it takes flows: what the operator wrote, and what health checks found.</param>
/// <param name="Reason">Why it is in this state, for people; empty while it is ready from the start.</param>
public sealed record BackendStatus(BackendConfig Config, EndpointState State, string Reason = "")
{
    /// <summary>Steps of a slow start.</summary>
    public const int WholeShare = 16;

    /// <summary>Sixteenths of its weight that count: fewer than 16 in a slow start.</summary>
    public int Share { get; init; } = WholeShare;

    /// <summary>When its slow start began, a timestamp of the control plane's clock; null: it is in none.</summary>
    public long? StartedAt { get; init; }

    /// <summary>Whether it is down, and ready only because too few are up.</summary>
    public bool IsInPanic { get; init; }

    /// <summary>Whether it is well, and in drain only because backends of an earlier priority are ready: unless it has taken their place, it has no flows that could stay.</summary>
    public bool IsStandingBy { get; init; }
}
