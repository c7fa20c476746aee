// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>Addresses that services of engine xdp can't have: those that no router sends packets to, sources that answers find no way back to, and backends that no frame gets to.</summary>
internal static class AddressChecks
{
    /// <summary>Checks those of every service.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="host">The host it is for; null: not known.</param>
    /// <param name="at">The services.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        if (config.L4.Engine != L4Engine.Xdp)
            return;
        var own = new Lazy<HashSet<IPAddress>>(() => host is null ? [] : host.Names().SelectMany(name => host.Addresses(name)).Select(one => one.Address).ToHashSet());
        for (var i = 0; i < config.L4.Services.Length; i++)
        {
            if (config.L4.Services[i] is not { } service)
                continue;
            if (service.Listen is { } listen && Kind(listen.Address) is { } kind)
                sink.Error(at[i]["listen"].Node, at[i]["listen"].Path, $"a service at {listen.Address}, {kind}", "an address that clients' packets can be routed to, or engine: userspace");
            CheckSources(config, service, host, at[i]["source"], sink);
            if (service.Forwarding != Forwarding.L7) // whose backends are hosts of the proxy tier, this one among them
                CheckBackends(service, own, at[i]["backends"], sink);
        }
    }

    // Its check asks this host itself, so that it may well pass.
    private static void CheckBackends(ServiceConfig service, Lazy<HashSet<IPAddress>> own, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < service.Backends.Length; i++)
        {
            if (service.Backends[i] is not { Address: { } address } || at[i].Has("mac") || address.Equals(service.Listen?.Address))
                continue;
            var here = at[i]["address"];
            if (Kind(address) is { } kind)
                sink.Error(here.Node, here.Path, $"backend {address}, {kind}", "an address that packets can be routed to, or engine: userspace");
            else if (own.Value.Contains(address))
                sink.Warning(here.Node, here.Path, $"backend {address}, which is this host's own: no packet gets there, though its check may pass", "another host's address, or forwarding: l7 for a listener of this host");
        }
    }

    private static void CheckSources(ApplianceConfig config, ServiceConfig service, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        var isNat = service.Forwarding == Forwarding.Nat;
        for (var i = 0; i < service.Sources.Length; i++)
        {
            if (service.Sources[i] is not { } source)
                continue;
            if (Kind(source) is { } kind)
                sink.Error(at[i].Node, at[i].Path, $"source {source}, {kind}", isNat ? "an address that backends can answer to" : "an address of this host's network");
            else if (isNat && config.L4.Services.FirstOrDefault(other => source.Equals(other?.Listen?.Address)) is { } other)
                sink.Warning(at[i].Node, at[i].Path, $"source {source}, which service '{other.Name}' listens on: a backend that has the address too, as those of dsr-* have, answers itself", "an address that is no service's");
            else if (isNat && host is not null && !IsOwn(config, host, source))
                sink.Warning(at[i].Node, at[i].Path, $"source {source}, which no interface of this host has", "one of its addresses, or routes by which answers to it come here");
        }
    }

    // What nobody can be reached at from elsewhere; null: nothing is wrong with it. RFC 6890 has them.
    private static string? Kind(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
            return "which each host has for itself";
        if (address.IsIPv6LinkLocal)
            return "which holds on one link alone";
        return address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] == 0 ? "which is of no host" : null;
    }

    // Those that other keys give to it are its own, too, be they elsewhere now.
    private static bool IsOwn(ApplianceConfig config, IHostInterfaces host, IPAddress address) =>
        host.HasAddress(address)
        || config.VrrpAddresses().Contains(address)
        || (config.Bgp is { Addresses.IsDefault: false } bgp && bgp.Addresses.Any(one => address.Equals(one?.Address)));
}
