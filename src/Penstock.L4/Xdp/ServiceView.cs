// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A service as the maps had it at some moment: to read counters by while it changes.</summary>
/// <param name="Plan">The service.</param>
/// <param name="Id">Its id.</param>
/// <param name="Backends">Ids of the plan's backends, in order; 0: one that is not in the maps.</param>
/// <param name="Slots">Slots by id.</param>
internal sealed record ServiceView(PlannedService Plan, uint Id, uint[] Backends, IReadOnlyDictionary<uint, long> Slots)
{
    /// <summary>Those of a plan that people know: its services without the tunnels.</summary>
    public static ServiceView[] Of(PlannedService[] plan, IReadOnlyDictionary<ServiceAddress, ServiceEntry> entries) =>
    [
        .. from service in plan
           where !service.IsTunnel && entries.ContainsKey(service.Listen)
           let entry = entries[service.Listen]
           select new ServiceView(service, entry.Id, [.. service.Backends.Select(backend => entry.Backends.GetValueOrDefault(backend.Key))], entry.Ring.Shares),
    ];
}
