// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>Turns a snapshot into tables, and into the addresses that are to be listened at.</summary>
internal static class RelayPlanner
{
    /// <summary>The table of each service, in file order; where nothing has changed, the one it has.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="running">Services that run, by name: a backend that stays keeps its counters.</param>
    public static IEnumerable<RelayTable> Tables(Snapshot snapshot, IReadOnlyDictionary<string, RelayService> running)
    {
        var config = snapshot.Config.L4;
        foreach (var service in config.Services)
        {
            var states = snapshot.Services.GetValueOrDefault(service.Name, []);
            var known = running.GetValueOrDefault(service.Name)?.Table;
            if (known is not null && ReferenceEquals(known.Config, service) && known.States == states)
            {
                yield return known;
                continue;
            }

            var backends = states.Select(state => known?.Backends.FirstOrDefault(backend => backend.Is(state.Config)) ?? new RelayBackend(state.Config.Address, state.Config.Port));
            yield return new RelayTable(service, states, [.. backends], (ulong)config.HashSeed);
        }
    }

    /// <summary>Which service has an address: one with that port alone wins over one with a range.</summary>
    public static Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), string> Endpoints(ImmutableArray<ServiceConfig> services)
    {
        var endpoints = new Dictionary<(TransportProtocol, IPEndPoint), string>();
        foreach (var service in services.OrderBy(service => service.Listen.IsOnePort ? 0 : 1))
        {
            for (var port = service.Listen.FirstPort; port <= service.Listen.LastPort; port++)
                endpoints.TryAdd((service.Listen.Protocol, new IPEndPoint(service.Listen.Address, port)), service.Name);
        }

        return endpoints;
    }
}
