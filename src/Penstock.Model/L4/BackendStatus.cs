// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>One backend as it stands.</summary>
/// <param name="Config">As configured.</param>
/// <param name="State">Whether it takes flows: what the operator wrote, and what health checks found.</param>
/// <param name="Reason">Why it is in this state, for people; empty while it is ready from the start.</param>
public sealed record BackendStatus(BackendConfig Config, EndpointState State, string Reason = "");
