// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Maglev;
using Penstock.L4.Xdp;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>How a service chooses among its backends: the Maglev table that engine xdp would have for it, and the same slot for the same flow. Immutable.</summary>
internal sealed class RelayTable
{
    private readonly uint[] _ring;
    private readonly ulong _seed;

    /// <summary>The table of a service.</summary>
    /// <param name="config">The service.</param>
    /// <param name="states">Its backends.</param>
    /// <param name="backends">The same backends, in the same order.</param>
    /// <param name="seed">From the configuration.</param>
    public RelayTable(ServiceConfig config, ImmutableArray<BackendStatus> states, ImmutableArray<RelayBackend> backends, ulong seed)
    {
        (Config, States, Backends, _seed) = (config, states, backends, seed);
        Slots = new long[backends.Length];
        var members = states.Select((state, i) => (state, i)).Where(one => one.state.State == EndpointState.Ready && one.state.Config.Weight > 0)
            .Select(one => new MaglevMember(
                MaglevIdentity.Of(one.state.Config.Address, one.state.Config.Port ?? 0, seed), (uint)(one.state.Config.Weight * one.state.Share), (uint)one.i))
            .ToArray();
        _ring = members.Length == 0 ? [] : new uint[config.TableSize];
        if (members.Length == 0)
            return;
        MaglevTable.Fill(members, _ring);
        foreach (var slot in _ring)
            Slots[(int)slot]++;
        Ready = members.Length;
    }

    /// <summary>As configured.</summary>
    public ServiceConfig Config { get; }

    /// <summary>Its backends as they stand.</summary>
    public ImmutableArray<BackendStatus> States { get; }

    /// <summary>The same, with counters.</summary>
    public ImmutableArray<RelayBackend> Backends { get; }

    /// <summary>Slots of each.</summary>
    public long[] Slots { get; }

    /// <summary>Slots in all; 0: no backend is ready.</summary>
    public int Size => _ring.Length;

    /// <summary>How many backends are ready and have weight.</summary>
    public int Ready { get; }

    /// <summary>The slot of a flow.</summary>
    /// <param name="from">The client.</param>
    /// <param name="to">The service's address and port.</param>
    public uint SlotOf(IPEndPoint from, IPEndPoint to) => FlowHash.Slot(FlowHash.Of(from, to, Config.Listen.Protocol, Config.Hash, _seed), (uint)_ring.Length);

    /// <summary>The backend of a slot; where that one has failed a flow, the next along the table that has not. Null: none is left.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="failed">Those that have failed it.</param>
    public RelayBackend? At(uint slot, List<RelayBackend>? failed = null)
    {
        if (failed is not null && !HasOthers(failed))
            return null;
        for (var i = 0; i < _ring.Length; i++)
        {
            var backend = Backends[(int)_ring[(slot + i) % _ring.Length]];
            if (failed is null || !failed.Contains(backend))
                return backend;
        }

        return null;
    }

    /// <summary>The backend of a new flow; null: none is left.</summary>
    public RelayBackend? Choose(IPEndPoint from, IPEndPoint to, List<RelayBackend>? failed = null) => _ring.Length == 0 ? null : At(SlotOf(from, to), failed);

    // Without it, the whole table would be gone through where all have failed.
    private bool HasOthers(List<RelayBackend> failed)
    {
        for (var i = 0; i < Backends.Length; i++)
        {
            if (Slots[i] > 0 && !failed.Contains(Backends[i]))
                return true;
        }

        return false;
    }
}
