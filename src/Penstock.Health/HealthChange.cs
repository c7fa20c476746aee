// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Health;

/// <summary>An endpoint's checks have changed what is thought of it.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Address">Address of the endpoint.</param>
/// <param name="State"><see cref="EndpointState.Ready"/> or <see cref="EndpointState.Down"/>.</param>
/// <param name="Reason">Why, for people, such as <c>connect: connection refused</c>.</param>
public sealed record HealthChange(string Cluster, SocketEndpoint Address, EndpointState State, string Reason);
