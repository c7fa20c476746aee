// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model;

/// <summary>The endpoints of one cluster; the same instance from snapshot to snapshot while nothing in it changes.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Endpoints">Endpoints, in file or address order.</param>
public sealed record ClusterEndpoints(string Cluster, ImmutableArray<Endpoint> Endpoints);
