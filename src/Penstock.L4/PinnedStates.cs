// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Capture;
using Penstock.L4.Ipvs;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4;

/// <summary>What a daemon before has left in the kernel, in pinned maps or IPVS, about the state of backends.</summary>
public static class PinnedStates
{
    /// <summary>Backends of a configuration that take no flows by what the kernel holds; none where it holds nothing, or it may not be read.</summary>
    public static IReadOnlyList<(ServiceConfig Service, BackendConfig Backend)> Down(L4Config config)
    {
        if (config.Engine == L4Engine.Ipvs)
            return IpvsStates.Down(config);
        var pins = new PinTree(config.Pins);
        if (config.Engine != L4Engine.Xdp || !File.Exists(pins.Map("services")))
            return [];
        try
        {
            using var pinned = new PinnedServices(pins);
            var states = pinned.States();
            return
            [
                .. from service in config.Services
                   from backend in service.Backends
                   let known = states[(service.Listen, backend.Address)].Where(one => backend.Port is null || backend.Port == one.Port)
                   where known.Any() && known.All(one => one.State == Layout.StateKind.Down)
                   select (service, backend),
            ];
        }
        catch (Exception error) when (error is BpfException or L4ApplyException)
        {
            return []; // Services can't be put in place either: that says why.
        }
    }
}
