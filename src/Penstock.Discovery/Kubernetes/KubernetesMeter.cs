// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Counts what API servers say about one cluster.</summary>
/// <param name="cluster">Name of the cluster.</param>
/// <param name="metrics">Where it is counted.</param>
internal sealed class KubernetesMeter(string cluster, DiscoveryMetrics metrics)
{
    /// <summary>Name of the cluster.</summary>
    public string Cluster => cluster;

    /// <summary>Counts a request.</summary>
    /// <param name="kind">Kind of the objects.</param>
    /// <param name="isList">Whether it is a list; else a watch.</param>
    /// <param name="fault">How it failed; null: it began, or was whole.</param>
    public void Count(string kind, bool isList, ApiFault? fault) =>
        metrics.CountRequest(cluster, kind, isList ? "list" : "watch", fault is { } known ? known.ToString().ToLowerInvariant() : "success");

    /// <summary>Counts an event.</summary>
    /// <param name="kind">Kind of the object.</param>
    /// <param name="type">What it says.</param>
    public void Count(string kind, WatchEventType type) => metrics.CountEvent(cluster, kind, type.ToString().ToLowerInvariant());
}
