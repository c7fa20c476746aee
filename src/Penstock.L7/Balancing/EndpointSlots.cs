// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Model;

namespace Penstock.L7.Balancing;

/// <summary>
/// A cluster's endpoints, each in a slot that is its own as long as it is in the cluster, whatever comes or goes before it: by the slot a reactor finds what it has of the endpoint, so that
/// a change concerns the slots that have changed and no others. Slots of endpoints that are gone are given again; there are as many as the cluster has had endpoints at once. Immutable,
/// shared by all reactors.
/// </summary>
internal sealed class EndpointSlots
{
    private readonly Endpoint?[] _bySlot;
    private readonly int[] _inOrder;
    private readonly int[] _free;
    private readonly int[] _changed;
    private readonly object _identity = new();
    private readonly object? _before; // The identity of what it was made from, which itself is not to be kept.

    private EndpointSlots(ClusterEndpoints source, Endpoint?[] bySlot, int[] inOrder, int[] free, int[] changed, object? before)
    {
        Source = source;
        _bySlot = bySlot;
        _inOrder = inOrder;
        _free = free;
        _changed = changed;
        _before = before;
    }

    /// <summary>The endpoints.</summary>
    public ClusterEndpoints Source { get; }

    /// <summary>Slots there are, free ones included: each is below it. It never shrinks from one version of a cluster to the next.</summary>
    public int Capacity => _bySlot.Length;

    /// <summary>The slots of the endpoints, in their order.</summary>
    public ReadOnlySpan<int> InOrder => _inOrder;

    /// <summary>The endpoint in a slot; null: none.</summary>
    public Endpoint? this[int slot] => slot < _bySlot.Length ? _bySlot[slot] : null;

    /// <summary>Slots for a cluster that had none: the places in its list.</summary>
    public static EndpointSlots Of(ClusterEndpoints source)
    {
        ReadOnlySpan<Endpoint> endpoints = source.Endpoints.AsSpan();
        var bySlot = new Endpoint?[endpoints.Length];
        var inOrder = new int[endpoints.Length];
        for (int i = 0; i < endpoints.Length; i++)
        {
            bySlot[i] = endpoints[i];
            inOrder[i] = i;
        }

        return new EndpointSlots(source, bySlot, inOrder, [], [], before: null);
    }

    /// <summary>Slots for the cluster's next endpoints; one that stays keeps its slot.</summary>
    public EndpointSlots Next(ClusterEndpoints source)
    {
        if (ReferenceEquals(source, Source))
        {
            return this;
        }

        ReadOnlySpan<Endpoint> before = Source.Endpoints.AsSpan();
        ReadOnlySpan<Endpoint> now = source.Endpoints.AsSpan();
        int[] places = EndpointAlignment.Places(before, now);
        var changed = new HashSet<int>();
        var free = new Stack<int>(_free);
        Release(places, changed, free);
        int added = places.AsSpan().Count(-1);
        var bySlot = new Endpoint?[Capacity + Math.Max(0, added - free.Count)];
        _bySlot.CopyTo(bySlot, 0);
        foreach (int slot in changed)
        {
            bySlot[slot] = null;
        }

        var inOrder = new int[now.Length];
        int unused = Capacity;
        for (int i = 0; i < now.Length; i++)
        {
            int place = places[i];
            int slot = place >= 0 ? _inOrder[place] : free.TryPop(out int released) ? released : unused++;
            inOrder[i] = slot;
            if (place >= 0 && ReferenceEquals(before[place], now[i]))
            {
                continue;
            }

            bySlot[slot] = now[i];
            if (place < 0 || !before[place].Equals(now[i]))
            {
                changed.Add(slot);
            }
        }

        return new EndpointSlots(source, bySlot, inOrder, [.. free], [.. changed], _identity);
    }

    /// <summary>The slots in which there is another endpoint than before, or one in another state, each once, in no order: at once where it was made from those before, by a comparison of all otherwise.</summary>
    public ReadOnlySpan<int> ChangedSince(EndpointSlots before)
    {
        if (ReferenceEquals(before, this))
        {
            return [];
        }

        if (ReferenceEquals(before._identity, _before))
        {
            return _changed;
        }

        var changed = new List<int>();
        int slots = Math.Max(Capacity, before.Capacity);
        for (int slot = 0; slot < slots; slot++)
        {
            if (!Equals(this[slot], before[slot]))
            {
                changed.Add(slot);
            }
        }

        return CollectionsMarshal.AsSpan(changed);
    }

    /// <summary>Frees the slots of endpoints that have no place any more.</summary>
    private void Release(int[] places, HashSet<int> changed, Stack<int> free)
    {
        var stays = new bool[_inOrder.Length];
        foreach (int place in places)
        {
            if (place >= 0)
            {
                stays[place] = true;
            }
        }

        for (int place = 0; place < stays.Length; place++)
        {
            if (!stays[place])
            {
                changed.Add(_inOrder[place]);
                free.Push(_inOrder[place]);
            }
        }
    }
}
