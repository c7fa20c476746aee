// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Bounds on what an API server may send and how often it is asked.</summary>
internal sealed record KubernetesLimits
{
    /// <summary>Bytes of one page of a list. A page of 250 slices of 100 endpoints has some 12 MB; where the server refuses pages the list is one.</summary>
    public int PageBytes { get; init; } = 128 << 20;

    /// <summary>Bytes of one event of a watch. etcd takes objects of up to 1.5 MiB.</summary>
    public int EventBytes { get; init; } = 4 << 20;

    /// <summary>Objects asked for in one page (client-go: 500, of objects that are smaller).</summary>
    public int PageObjects { get; init; } = 250;

    /// <summary>Objects of one kind, listed or added by a watch.</summary>
    public int Objects { get; init; } = 10_000;

    /// <summary>Endpoints of one Service.</summary>
    public int Endpoints { get; init; } = 200_000;

    /// <summary>Time for a connection with its TLS.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for one page of a list, and for a watch to begin (kube-apiserver: --request-timeout 60 s).</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Least time after which the server is asked to end a watch; up to twice as much by chance (kube-apiserver: --min-request-timeout 30 min; client-go asks for 5 to 10 min). A token that was replaced is used from then on.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Time beyond that after which the server counts as silent.</summary>
    public TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time after which objects are listed though nothing went wrong, up to a fifth less by chance, once the watch that is under way ends: an event that was lost, or a server that went back in time, mends itself by then.</summary>
    public TimeSpan Relist { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Wait after the first failure (client-go's reflector: 800 ms); each one after it waits twice as long.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>Longest wait after a failure (client-go's reflector: 30 s).</summary>
    public TimeSpan LastRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long API servers have to answer after a start before the endpoints on disk are used.</summary>
    public TimeSpan Restore { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Least time between two times that changed endpoints are written to the disk.</summary>
    public TimeSpan Save { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time after which endpoints that have not changed, but were confirmed, are written anew: after a crash they look that much older at most.</summary>
    public TimeSpan SaveAnyway { get; init; } = TimeSpan.FromMinutes(10);
}
