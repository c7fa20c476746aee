// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Discovery;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.ControlPlane;

/// <summary>What discovery has found of one cluster. Discovery's threads write it, the control loop reads it.</summary>
internal sealed class ClusterFeed : IAsyncDisposable
{
    private readonly ClusterConfig _config;
    private readonly Action _changed;
    private readonly IDiscoverySource _source;
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterEndpointsFound? _found;

    /// <summary>A feed at rest.</summary>
    /// <param name="config">The cluster.</param>
    /// <param name="before">The feed it takes over from; null: none. Its last good answer serves until this one has its own, when both resolve the same name.</param>
    /// <param name="discover">Makes the source.</param>
    /// <param name="changed">Called from any thread when <see cref="Found"/> has changed.</param>
    public ClusterFeed(
        ClusterConfig config,
        ClusterFeed? before,
        Func<ClusterConfig, Action<ClusterEndpointsFound>, IDiscoverySource> discover,
        Action changed)
    {
        _config = config;
        _changed = changed;
        if (before is not null && ResolvesSameName(before._config)) _found = Volatile.Read(ref before._found);
        _source = discover(config, Take);
    }

    /// <summary>Endpoints found; empty before the first answer.</summary>
    public ImmutableArray<Endpoint> Found => Volatile.Read(ref _found)?.Endpoints ?? [];

    /// <summary>Ends when there is a first answer.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Begins.</summary>
    public void Start() => _source.Start();

    /// <summary>Whether this feed also serves another configuration of the cluster.</summary>
    public bool Serves(ClusterConfig config) =>
        Equals(_config.Discovery, config.Discovery) && _config.Endpoints.SequenceEqual(config.Endpoints);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private bool ResolvesSameName(ClusterConfig other) =>
        _config.Discovery?.Dns is { } mine && other.Discovery?.Dns is { } its &&
        string.Equals(mine.Name, its.Name, StringComparison.OrdinalIgnoreCase) && mine.Port == its.Port;

    private void Take(ClusterEndpointsFound found)
    {
        Volatile.Write(ref _found, found);
        _answered.TrySetResult();
        _changed();
    }
}
