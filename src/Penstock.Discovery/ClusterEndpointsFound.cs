// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.Discovery;

/// <summary>What a source has found: the whole list, reported only when it differs from the one before.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Endpoints">Every endpoint, ready or to be drained: in file order, or sorted by address when the source has no order of its own.</param>
public sealed record ClusterEndpointsFound(string Cluster, ImmutableArray<Endpoint> Endpoints);
