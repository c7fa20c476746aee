// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A cluster and its share.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Weight">Share of the route's requests, 0 to 1,000,000; only its ratio to the others counts. Default 1.</param>
[Shorthand("cluster")]
public sealed record WeightedCluster(
    [property: Text(TextForm.Name), Example("mesh-a")] string Cluster,
    [property: Range("0", "1000000")] int Weight = 1);
