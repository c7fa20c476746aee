// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Balancing;
using Penstock.L7.Errors;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Upstream;

/// <summary>
/// One reactor's share of a cluster: pools of connections and the state of its balancer. It outlives snapshots that keep the cluster. Pools are found by their endpoints' slots, and made by the
/// first request to them: what a new version costs the reactor, and so the requests that wait meanwhile, goes by the endpoints that have changed, not by those there are.
/// </summary>
internal sealed class ClusterCell
{
    private readonly ActiveCounts _active = new();
    private readonly List<int> _tried = [];
    private EndpointPool?[] _pools = [];
    private Balancer? _balancer;
    private CompiledCluster? _current;
    private Reactor? _reactor;
    private bool _isRetired;

    /// <summary>Pools by slot, null where no request has come to an endpoint yet, or there is none; read by any thread.</summary>
    internal ReadOnlySpan<EndpointPool?> Pools => Volatile.Read(ref _pools);

    /// <summary>Slots that updates have looked at, all together: for tests.</summary>
    internal long Visited { get; private set; }

    /// <summary>Takes a newer version of the cluster over.</summary>
    internal void Update(CompiledCluster cluster, Reactor reactor, ref FastRandom random)
    {
        var before = _current;
        if (before is not null && before.Version >= cluster.Version)
            return;
        (_current, _reactor) = (cluster, reactor);
        Fit(cluster.Set.Slots.Capacity);
        if (before is not null)
        {
            RetireChanged(before.Set.Slots, cluster.Set.Slots);
            if (!ReferenceEquals(before.Config, cluster.Config) || !ReferenceEquals(before.Tls, cluster.Tls))
                Reconfigure(cluster);
        }

        _tried.Clear();
        _balancer = Balancer.For(cluster.Set, _balancer, ref random);
    }

    /// <summary>The cluster is in no snapshot any more: closes what is unused.</summary>
    internal void Retire()
    {
        _isRetired = true;
        foreach (var pool in _pools)
            pool?.Retire();
    }

    /// <summary>Closes a connection that no request uses; false when there is none.</summary>
    internal bool DropUnused()
    {
        foreach (var pool in _pools)
        {
            if (pool is not null && pool.DropOldest())
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

    /// <summary>Chooses another endpoint than those already tried.</summary>
    internal ProxyError PickOther(List<EndpointPool> tried, ref FastRandom random, out EndpointPool? pool)
    {
        _tried.Clear();
        foreach (var one in tried)
            _tried.Add(SlotOf(one));
        return PickUntried(ref random, out pool);
    }

    private ProxyError PickUntried(ref FastRandom random, out EndpointPool? pool)
    {
        pool = null;
        var current = _current!; // Set by Update, before anything else.
        if (current.Endpoints.Endpoints.IsEmpty)
            return ProxyError.NoEndpoint;
        var slot = _balancer!.Pick(CollectionsMarshal.AsSpan(_tried), _active.BySlot, ref random); // As above.
        if (slot < 0)
            return ProxyError.NoHealthyEndpoint;
        pool = _pools[slot] ?? Add(slot, current, _reactor!); // As above.
        return ProxyError.None;
    }

    // -1: of an endpoint that is gone, or of another cluster.
    private int SlotOf(EndpointPool pool) => pool.Slot < _pools.Length && ReferenceEquals(_pools[pool.Slot], pool) ? pool.Slot : -1;

    private EndpointPool Add(int slot, CompiledCluster cluster, Reactor reactor)
    {
        var endpoint = cluster.Set.Slots[slot]!.Address; // The balancer chooses of those there are.
        var address = endpoint.UnixPath is { } path ? SocketAddress.Unix(path) : SocketAddress.Ip(endpoint.Address!, endpoint.Port); // One of the two.
        var pool = new EndpointPool(reactor, address, endpoint.ToString(), cluster.Config);
        pool.Revive(cluster.Config, cluster.Tls, _active, slot);
        if (_isRetired)
            pool.Retire();
        Volatile.Write(ref _pools[slot], pool);
        return pool;
    }

    // A slot may have gone to another endpoint.
    private void RetireChanged(EndpointSlots before, EndpointSlots now)
    {
        foreach (var slot in now.ChangedSince(before))
        {
            Visited++;
            if (slot >= _pools.Length || _pools[slot] is not { } pool || before[slot]?.Address == now[slot]?.Address)
                continue;
            pool.Retire();
            _active[slot] = 0;
            _pools[slot] = null;
        }
    }

    private void Reconfigure(CompiledCluster cluster)
    {
        for (var slot = 0; slot < _pools.Length; slot++)
        {
            Visited++;
            _pools[slot]?.Revive(cluster.Config, cluster.Tls, _active, slot);
        }

        if (_isRetired)
            Retire();
    }

    // With some room for those that come one after the other.
    private void Fit(int slots)
    {
        if (slots <= _pools.Length)
            return;
        var room = _pools.Length == 0 ? slots : Math.Max(slots, _pools.Length + (_pools.Length / 2));
        var pools = new EndpointPool?[room];
        _pools.CopyTo(pools, 0);
        _active.Fit(room);
        Volatile.Write(ref _pools, pools);
    }
}
