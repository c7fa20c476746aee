// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What goes to an endpoint.</summary>
/// <param name="Cluster">Its cluster.</param>
/// <param name="Address">Address.</param>
/// <param name="State"><c>ready</c>, <c>drain</c>, <c>maintenance</c> or <c>down</c>.</param>
/// <param name="Active">Requests in flight now.</param>
/// <param name="Connections">Connections open now.</param>
/// <param name="Requests">Requests a second.</param>
/// <param name="Failures">Requests that failed here a second.</param>
/// <param name="Reason">Why it is in this state; empty while it is ready from the start.</param>
internal sealed record EndpointRates(string Cluster, string Address, string State, long Active, long Connections, double Requests, double Failures, string Reason);
