// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L4;

/// <summary>One service, with what it was sent. Engine xdp counts each packet once: towards a backend, answered here or passed up the stack, or dropped.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Listen">What it listens on.</param>
/// <param name="Forwarding">How packets get to the backends.</param>
/// <param name="Connections">New flows.</param>
/// <param name="Packets">Packets: the sum of what went to backends and <paramref name="Unserved"/> and <paramref name="Cookies"/>.</param>
/// <param name="Bytes">Bytes of them, frames as they arrived.</param>
/// <param name="Unserved">Packets that went to no backend and were not answered by a cookie: dropped for whatever reason, rejected, answered with packet too big, or passed up the stack.</param>
/// <param name="Cookies">SYNs answered by cookies.</param>
/// <param name="Drops">Packets of it dropped, by reason; none that is zero. Malformed packets are of no service. With nat those of answers of its backends are among them.</param>
/// <param name="Backends">Its backends.</param>
/// <param name="IsInPanic">Whether so few backends are up that all are used.</param>
public sealed record ServiceCounters(
    string Name, string Listen, string Forwarding, long Connections, long Packets, long Bytes, long Unserved, long Cookies,
    ImmutableSortedDictionary<string, long> Drops, ImmutableArray<BackendCounters> Backends, bool IsInPanic)
{
    /// <summary>Bytes of the packets dropped, by reason: of frames as they were then.</summary>
    public ImmutableSortedDictionary<string, long> DropBytes { get; init; } = L4Status.Empty.Drops;

    /// <summary>Packets whose flow the table of flows, or with nat that of nat flows, knew; null: an engine that has none.</summary>
    public long? TableHits { get; init; }

    /// <summary>Packets from its backends to clients, as far as they come by here.</summary>
    public long ReturnPackets => Backends.Sum(backend => backend.ReturnPackets);

    /// <summary>Bytes from its backends to clients, as far as they come by here.</summary>
    public long ReturnBytes => Backends.Sum(backend => backend.ReturnBytes);

    /// <summary>UDP flows that were ended to make room for others; engine userspace alone.</summary>
    public long EvictedFlows { get; init; }
}
