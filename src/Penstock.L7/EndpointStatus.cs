// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7;

/// <summary>One endpoint's load as the proxy tier sees it.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Address">Address.</param>
/// <param name="Active">Requests in flight.</param>
/// <param name="Connections">Connections open, idle ones included.</param>
/// <param name="Requests">Requests sent since the endpoint came into the cluster.</param>
/// <param name="Failures">Requests and connects that failed at this endpoint since then.</param>
public sealed record EndpointStatus(string Cluster, string Address, long Active, long Connections, long Requests, long Failures);
