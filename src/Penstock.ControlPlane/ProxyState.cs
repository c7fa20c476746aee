// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.ControlPlane;

/// <summary>What is known of a host of the proxy tier.</summary>
/// <param name="State"><see cref="EndpointState.Ready"/>, <see cref="EndpointState.Drain"/> or <see cref="EndpointState.Down"/>.</param>
/// <param name="Reason">Why, for people; empty while it is ready.</param>
public sealed record ProxyState(EndpointState State, string Reason);
