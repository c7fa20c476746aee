// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Penstock.Discovery.Kubernetes;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>A source of cluster <c>mesh</c> with waits of milliseconds, and what it has found.</summary>
internal sealed class SourceUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly KubernetesSource _source;

    public SourceUnderTest(string state, ImmutableArray<KubernetesDiscoveryConfig> sources, Func<KubernetesDiscoveryConfig, KubernetesAccess> read, KubernetesLimits? limits = null, bool isUdp = false, string name = "mesh")
    {
        _source = new KubernetesSource(name, sources, state, read, Found.Enqueue, limits ?? Limits, TimeProvider.System, Logger, new DiscoveryMetrics(), isUdp);
        _source.Start();
    }

    public static KubernetesLimits Limits { get; } = new()
    {
        FirstRetry = TimeSpan.FromMilliseconds(5),
        LastRetry = TimeSpan.FromMilliseconds(100),
        Restore = TimeSpan.FromMilliseconds(200),
        Save = TimeSpan.FromMilliseconds(20),
    };

    public static KubernetesDiscoveryConfig Gateway { get; } = new() { Service = "istio-system/istio-ingressgateway", Port = "http2" };

    public ConcurrentQueue<ClusterEndpointsFound> Found { get; } = [];

    public RecordingLogger<KubernetesSource> Logger { get; } = new();

    public IReadOnlyList<string> Warnings => [.. _source.Warnings];

    public TimeSpan Age => _source.Age;

    /// <summary>What was found last; empty before that.</summary>
    public ImmutableArray<Endpoint> Endpoints => Found.LastOrDefault()?.Endpoints ?? [];

    /// <summary>Its addresses without their port.</summary>
    public string Addresses => string.Join(' ', Endpoints.Select(endpoint => endpoint.Address.Address));

    public static SourceUnderTest Of(string state, FakeApiServer server, KubernetesDiscoveryConfig? config = null, KubernetesLimits? limits = null) =>
        new(state, [config ?? Gateway], _ => server.Access, limits);

    /// <summary>Waits until something is so.</summary>
    public async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            patience.IsCancellationRequested.ShouldBeFalse($"has {Addresses}; warns of {string.Join("; ", Warnings)}");
            await Task.Delay(2);
        }
    }

    public Task UntilItHasAsync(string addresses) => UntilAsync(() => Addresses == addresses);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
