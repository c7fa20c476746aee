// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>What a daemon before has left in the kernel about the state of backends.</summary>
internal static class IpvsStates
{
    /// <summary>Backends that services of a daemon before lack; none where it has left none, or IPVS can't be read.</summary>
    public static IReadOnlyList<(ServiceConfig Service, BackendConfig Backend)> Down(L4Config config)
    {
        if (!File.Exists(config.Ipvs.State))
            return [];
        try
        {
            using var kernel = IpvsKernel.Open();
            return Down(config, kernel.Read(), IpvsOwned.Read(config.Ipvs.State));
        }
        catch (Exception error) when (error is NetlinkException or L4ApplyException or IOException or UnauthorizedAccessException)
        {
            return []; // Services can't be put in place either: that says why.
        }
    }

    /// <summary>The same, given what the kernel holds and the names of services that a daemon has made. A service that has no backend of these has others now: all are new.</summary>
    public static IReadOnlyList<(ServiceConfig Service, BackendConfig Backend)> Down(L4Config config, IpvsTable held, IReadOnlySet<string> owned) =>
    [
        .. from service in config.Services
           let key = IpvsPlanner.Key(service)
           where owned.Contains(key.ToString())
           let entry = held.Find(key)
           where entry is not null && service.Backends.Any(backend => entry.Destinations.ContainsKey(IpvsPlanner.Key(service, backend)))
           from backend in service.Backends
           where !entry.Destinations.ContainsKey(IpvsPlanner.Key(service, backend))
           select (service, backend),
    ];
}
