// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Discovery;
using Penstock.Model;

namespace Penstock.ControlPlane;

/// <summary>What discovery has found of one cluster, or of one service of the L4 tier. Discovery's threads write it, the control loop reads it.</summary>
internal sealed class ClusterFeed : IAsyncDisposable
{
    private readonly DiscoveryTarget _config;
    private readonly Action _changed;
    private readonly IDiscoverySource _source;
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterFeed? _before; // null as soon as this one has an answer
    private ClusterEndpointsFound? _found;

    /// <summary>A feed at rest.</summary>
    /// <param name="config">The cluster or service.</param>
    /// <param name="before">The feed it takes over from; null: none. What that one finds serves until this one has its own answer, when both resolve the same name or both ask Kubernetes.</param>
    /// <param name="discover">Makes the source.</param>
    /// <param name="changed">Called from any thread when <see cref="Found"/> has changed.</param>
    public ClusterFeed(
        DiscoveryTarget config,
        ClusterFeed? before,
        Func<DiscoveryTarget, Action<ClusterEndpointsFound>, IDiscoverySource> discover,
        Action changed)
    {
        _config = config;
        _changed = changed;
        _before = before is not null && Follows(before._config) ? before : null;
        _source = discover(config, Take);
    }

    /// <summary>Endpoints found; before the first answer those of the feed before it, and empty without one.</summary>
    public ImmutableArray<Endpoint> Found
    {
        get
        {
            // In this order: the answer is there before the feed before is let go.
            var before = Volatile.Read(ref _before);
            return Volatile.Read(ref _found)?.Endpoints ?? before?.Found ?? [];
        }
    }

    /// <summary>That another source's endpoints are used; null: they are its own, or there are none. For any thread.</summary>
    public string? Warning
    {
        get
        {
            if (Volatile.Read(ref _before) is not { Found: { IsEmpty: false } endpoints } before)
                return null;
            var (mine, its) = (Describe(_config), Describe(before._config));
            var whose = string.Equals(mine, its, StringComparison.Ordinal) ? "it had before a reload" : $"of {its}, from before a reload,";
            return $"{DiscoveryTarget.Label(_config.Name)}: {mine} has not answered yet: the {endpoints.Length} endpoints {whose} are used";
        }
    }

    /// <summary>Ends when there is a first answer.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Begins.</summary>
    public void Start() => _source.Start();

    /// <summary>Whether this feed also serves another configuration of the same.</summary>
    public bool Serves(DiscoveryTarget config) =>
        _config.IsUdp == config.IsUdp && Equals(_config.Discovery, config.Discovery) && _config.Endpoints.SequenceEqual(config.Endpoints);

    /// <summary>Whether it has no answer yet, and uses what another feed finds.</summary>
    public bool LeansOn(ClusterFeed other) => ReferenceEquals(Volatile.Read(ref _before), other);

    /// <summary>Goes by a feed before it that has no answer either: however often a configuration changes meanwhile, one feed is leant on.</summary>
    public void Shorten()
    {
        if (Volatile.Read(ref _before) is not { } before)
            return;
        var earlier = Volatile.Read(ref before._before);
        if (Volatile.Read(ref before._found) is null) // asked last: an answer in between has let the earlier one go
            Interlocked.CompareExchange(ref _before, earlier, before);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private bool Follows(DiscoveryTarget other) => (_config.Discovery, other.Discovery) switch
    {
        ({ Kubernetes.IsEmpty: false }, { Kubernetes.IsEmpty: false }) => _config.IsUdp == other.IsUdp,
        ({ Dns: { } mine }, { Dns: { } its }) => string.Equals(mine.Name, its.Name, StringComparison.OrdinalIgnoreCase) && mine.Port == its.Port,
        _ => false,
    };

    private static string Describe(DiscoveryTarget config) => config.Discovery?.Dns is { } dns
        ? dns.Name
        : string.Join(", ", config.Discovery?.Kubernetes.Select(source => source.Kubeconfig is { } path ? $"{source.Service} by {path}" : source.Service) ?? []);

    private void Take(ClusterEndpointsFound found)
    {
        Volatile.Write(ref _found, found);
        Volatile.Write(ref _before, value: null);
        _answered.TrySetResult();
        _changed();
    }
}
