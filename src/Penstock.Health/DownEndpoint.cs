// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Health;

/// <summary>An endpoint that checks have found down.</summary>
/// <param name="Cluster">Name of the cluster, as in <see cref="HealthTarget"/>.</param>
/// <param name="Address">What is checked.</param>
public sealed record DownEndpoint(string Cluster, SocketEndpoint Address);
