// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>A running service: the same object over reloads that keep its name. Its table is replaced as a whole.</summary>
internal sealed class RelayService
{
    private static readonly string[] s_names = ["no_backend", "unreachable", "no_source", "backend_down", "no_descriptor", "no_room"];

    private readonly long[] _drops = new long[s_names.Length];
    private long _evictedFlows;
    private volatile RelayTable _table;

    /// <summary>A service with its first table.</summary>
    public RelayService(RelayTable table) => _table = table;

    /// <summary>How it chooses, as of the newest snapshot.</summary>
    public RelayTable Table
    {
        get => _table;
        set => _table = value;
    }

    /// <summary>Connections and datagrams that were not carried, by reason; none that is zero.</summary>
    public ImmutableSortedDictionary<string, long> Drops => s_names.Select((name, i) => KeyValuePair.Create(name, Volatile.Read(ref _drops[i])))
        .Where(drop => drop.Value > 0).ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Those that reached no backend.</summary>
    public long Unserved => Drop(RelayDrop.NoBackend) + Drop(RelayDrop.Unreachable) + Drop(RelayDrop.NoSource) + Drop(RelayDrop.NoDescriptor);

    /// <summary>Counts one that was not carried.</summary>
    public void CountDrop(RelayDrop reason) => Interlocked.Increment(ref _drops[(int)reason]);

    /// <summary>Counts a UDP flow that was ended to make room for another.</summary>
    public void CountEvictedFlow() => Interlocked.Increment(ref _evictedFlows);

    /// <summary>What it shows in a status.</summary>
    public ServiceCounters Read()
    {
        var table = _table;
        var backends = table.Backends.Select((backend, i) => Read(backend, table.States[i], table.Slots[i])).ToImmutableArray();
        return new ServiceCounters(
            table.Config.Name,
            table.Config.Listen.ToString(),
            table.Config.Forwarding.Name(),
            backends.Sum(backend => backend.Connections),
            backends.Sum(backend => backend.Packets),
            backends.Sum(backend => backend.Bytes),
            Unserved,
            Cookies: 0,
            Drops,
            backends,
            table.States.Any(state => state.IsInPanic))
        {
            EvictedFlows = Volatile.Read(ref _evictedFlows),
        };
    }

    private long Drop(RelayDrop reason) => Volatile.Read(ref _drops[(int)reason]);

    private static BackendCounters Read(RelayBackend backend, BackendStatus status, long slots) => new(
        backend.ToString(),
        status.Config.Weight,
        status.State.ToString().ToLower(CultureInfo.InvariantCulture),
        status.Reason,
        slots,
        backend.Connections,
        backend.Datagrams,
        backend.Bytes,
        TableMisses: 0,
        (double)status.Share / BackendStatus.WholeShare)
    {
        ReturnBytes = backend.ReturnBytes,
        FailedConnects = backend.FailedConnects,
    };
}
