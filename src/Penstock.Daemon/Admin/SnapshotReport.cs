// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Daemon.Admin;

/// <summary>The running snapshot without its configuration.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="ConfigHash">Identifies its configuration.</param>
/// <param name="Clusters">Endpoints by cluster, by name.</param>
internal sealed record SnapshotReport(long Generation, string ConfigHash, IReadOnlyList<ClusterEndpoints> Clusters)
{
    /// <summary>The report of a snapshot.</summary>
    public static SnapshotReport Of(Snapshot snapshot, string configHash) =>
        new(snapshot.Generation, configHash, [.. snapshot.Endpoints.Values.OrderBy(cluster => cluster.Cluster, StringComparer.Ordinal)]);
}
