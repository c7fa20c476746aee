// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>A cluster and its share.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Weight">Share of the route's requests, 0 to 1,000,000; only its ratio to the others counts. Default 1.</param>
public sealed record WeightedCluster(string Cluster, int Weight = 1);
