// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Balancing;
using Penstock.L7.Errors;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Upstream;

/// <summary>One reactor's share of a cluster: pools of connections and the state of its balancer. It outlives snapshots that keep the cluster.</summary>
internal sealed class ClusterCell
{
    private readonly Dictionary<SocketEndpoint, EndpointPool> _byAddress = [];
    private readonly List<int> _tried = [];
    private EndpointPool[] _pools = [];
    private int[] _active = [];
    private Balancer? _balancer;
    private CompiledCluster? _current;

    /// <summary>Pools in the order of the endpoints; read by any thread.</summary>
    internal ReadOnlySpan<EndpointPool> Pools => Volatile.Read(ref _pools);

    /// <summary>Takes a newer version of the cluster over.</summary>
    internal void Update(CompiledCluster cluster, Reactor reactor, ref FastRandom random)
    {
        if (_current is { } current && current.Version >= cluster.Version)
            return;
        _current = cluster;
        var endpoints = cluster.Endpoints.Endpoints;
        var pools = new EndpointPool[endpoints.Length];
        _active = new int[pools.Length];
        for (var i = 0; i < pools.Length; i++)
        {
            pools[i] = PoolOf(endpoints[i].Address, cluster.Config, reactor);
            pools[i].Revive(cluster.Config, cluster.Tls, _active, i);
        }

        var kept = pools.ToHashSet();
        foreach (var (address, pool) in _byAddress)
        {
            if (kept.Contains(pool))
                continue;
            pool.Retire();
            _byAddress.Remove(address);
        }

        _tried.Clear();
        _balancer = Balancer.For(cluster.Set, _balancer, ref random);
        Volatile.Write(ref _pools, pools);
    }

    /// <summary>The cluster is in no snapshot any more: closes what is unused.</summary>
    internal void Retire()
    {
        foreach (var pool in _byAddress.Values)
            pool.Retire();
    }

    /// <summary>Closes a connection that no request uses; false when there is none.</summary>
    internal bool DropUnused()
    {
        foreach (var pool in _pools)
        {
            if (pool.DropOldest())
                return true;
        }

        return false;
    }

    /// <summary>Chooses an endpoint.</summary>
    internal ProxyError Pick(ref FastRandom random, out EndpointPool? pool)
    {
        _tried.Clear();
        return PickUntried(ref random, out pool);
    }

    /// <summary>Chooses another endpoint than those already tried, as indexes into <see cref="Pools"/>.</summary>
    internal ProxyError PickOther(List<EndpointPool> tried, ref FastRandom random, out EndpointPool? pool)
    {
        _tried.Clear();
        foreach (var one in tried)
            _tried.Add(Array.IndexOf(_pools, one));
        return PickUntried(ref random, out pool);
    }

    private ProxyError PickUntried(ref FastRandom random, out EndpointPool? pool)
    {
        pool = null;
        if (_pools.Length == 0)
            return ProxyError.NoEndpoint;
        var index = _balancer!.Pick(CollectionsMarshal.AsSpan(_tried), _active, ref random); // Set by Update, before anything else.
        if (index < 0)
            return ProxyError.NoHealthyEndpoint;
        pool = _pools[index];
        return ProxyError.None;
    }

    private EndpointPool PoolOf(SocketEndpoint endpoint, ClusterConfig config, Reactor reactor)
    {
        if (_byAddress.TryGetValue(endpoint, out var pool))
            return pool;
        var address = endpoint.UnixPath is { } path ? SocketAddress.Unix(path) : SocketAddress.Ip(endpoint.Address!, endpoint.Port); // One of the two.
        return _byAddress[endpoint] = new EndpointPool(reactor, address, endpoint.ToString(), config);
    }
}
