// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4;

/// <summary>One backend of a service, with what went there since it was added.</summary>
/// <param name="Address">Its address, with a port where it has one of its own.</param>
/// <param name="Weight">Its share.</param>
/// <param name="State"><c>ready</c>, <c>drain</c>, <c>maintenance</c> or <c>down</c>.</param>
/// <param name="Reason">Why it is in this state; empty while it is ready from the start.</param>
/// <param name="Slots">Slots of the Maglev table it has.</param>
/// <param name="Connections">New flows.</param>
/// <param name="Packets">Packets towards it; engine userspace: datagrams, and none of TCP.</param>
/// <param name="Bytes">Bytes of them, frames as they arrived; engine userspace: without headers.</param>
/// <param name="TableMisses">Packets whose flow the flow table did not know.</param>
/// <param name="Share">Part of its weight that counts: below 1 in a slow start.</param>
public sealed record BackendCounters(string Address, int Weight, string State, string Reason, long Slots, long Connections, long Packets, long Bytes, long TableMisses, double Share)
{
    /// <summary>Packets from it to clients, by nat: no other way leads them by here; engine userspace: none.</summary>
    public long ReturnPackets { get; init; }

    /// <summary>Bytes from it to clients, by nat: frames as they arrived; engine ipvs: IP packets; engine userspace: without headers.</summary>
    public long ReturnBytes { get; init; }

    /// <summary>Connects that it refused or did not answer in time, and UDP flows that it answered with ICMP unreachable; engine userspace alone makes connects.</summary>
    public long FailedConnects { get; init; }
}
