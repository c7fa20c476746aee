// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model;
using Penstock.Model.Vrrp;

namespace Penstock.L4.Xdp;

/// <summary>
/// Flows remembered from before another host had their address. Clients use the same ports again, for connections that began there and went by another table: such an entry is not
/// believed any more, and its packets go the way of flows that this host knows nothing of.
/// </summary>
internal static class StaleFlows
{
    /// <summary>Addresses that this host has had, or may have had, and that another has now.</summary>
    /// <param name="before">What ran; null: a daemon before this may have had them.</param>
    /// <param name="now">What is to run.</param>
    public static IReadOnlySet<IPAddress> Lost(Snapshot? before, Snapshot now)
    {
        var lost = new HashSet<IPAddress>();
        foreach (var instance in now.Config.Vrrp)
        {
            var was = before?.Roles.GetValueOrDefault(instance.Name) ?? VrrpRole.Unknown;
            if (was is VrrpRole.Master or VrrpRole.Unknown && now.Roles.GetValueOrDefault(instance.Name) is VrrpRole.Backup or VrrpRole.Fault)
                lost.UnionWith(instance.Addresses.Select(one => one.Address.Address));
        }

        return lost;
    }

    /// <summary>Has flows of some services no longer be believed. Flows that go on meanwhile may, or may not be.</summary>
    /// <param name="maps">The maps.</param>
    /// <param name="services">Numbers of the services.</param>
    /// <returns>How many there were.</returns>
    public static long Mark(XdpMaps maps, IReadOnlySet<uint> services)
    {
        if (services.Count == 0)
            return 0;
        using var flows = maps["flows"].MapMemory<Layout.FlowSet>();
        var marked = 0L;
        foreach (ref var set in flows.Values)
        {
            for (var way = 0; way < Layout.FlowWays; way++)
            {
                var id = set.Choice[way] & Layout.BackendMask;
                if (set.Tag[way] == 0 || id >= maps.Backends || !services.Contains(maps.ReadBackend(id).Service))
                    continue;
                set.Use[way] |= (int)Layout.FlowState.Stale << Layout.FlowAgeBits;
                marked++;
            }
        }

        return marked;
    }
}
