// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>One endpoint and its load.</summary>
/// <param name="Address">Address.</param>
/// <param name="Weight">Weight.</param>
/// <param name="State"><c>ready</c>, <c>drain</c>, <c>maintenance</c> or <c>down</c>.</param>
/// <param name="Reason">Why it is in this state; empty while it is ready from the start.</param>
/// <param name="Active">Requests in flight.</param>
/// <param name="Connections">Connections open.</param>
/// <param name="Requests">Requests since start.</param>
/// <param name="Failures">Requests that failed here since start.</param>
/// <param name="Zone">Zone it is in, as its source names it; empty: not known.</param>
internal sealed record EndpointReport(string Address, int Weight, string State, string Reason, long Active, long Connections, long Requests, long Failures, string Zone);
