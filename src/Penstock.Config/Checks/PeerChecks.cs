// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Config.Reading;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Peers;

namespace Penstock.Config.Checks;

/// <summary>Peers: each host once, none of them this one, and a certificate that they will believe.</summary>
internal static class PeerChecks
{
    /// <summary>Checks them.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="root">Its place.</param>
    /// <param name="host">The host it is for; null: not known, so that nothing is said of files.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, Cursor root, IHostInterfaces? host, DiagnosticSink sink)
    {
        if (config.Peers is not { } peers)
        {
            CheckAlone(config, root["l4"]["services"], sink);
            return;
        }

        var at = root["peers"];
        if (config.Node is null && !root.Has("node") && !root.Incomplete)
            sink.Error(root.AtKey("peers").Node, "node", "peers without a node", "node: the name in this host's certificate, by which the others know it");
        CheckHosts(config, peers, at, sink);
        CheckListen(config, peers, host, at["listen"], sink);
        CheckProxies(config, peers, at, sink);
        CheckSpread(config, peers, host, root["l4"]["services"], sink);
        if (host is not null && config.Node is { } node && peers is { Certificate: not null, Key: not null, Ca: not null })
            CheckFiles(peers, node, at, sink);
    }

    private static void CheckHosts(ApplianceConfig config, PeersConfig peers, Cursor at, DiagnosticSink sink)
    {
        if (peers.Hosts.IsDefault)
            return;
        if (peers.Hosts.IsEmpty || peers.Hosts.Length > PeersConfig.MostHosts)
            sink.Error(at["hosts"].Node, at["hosts"].Path, $"{peers.Hosts.Length} hosts", $"1 to {PeersConfig.MostHosts}");
        var names = new Dictionary<string, Cursor>(StringComparer.OrdinalIgnoreCase);
        var addresses = new Dictionary<SocketEndpoint, Cursor>();
        for (var i = 0; i < peers.Hosts.Length; i++)
        {
            if (peers.Hosts[i] is not { } peer)
                continue;
            var here = at["hosts"][i];
            if (peer.Name is { } name)
            {
                if (string.Equals(name, config.Node, StringComparison.OrdinalIgnoreCase))
                    sink.Error(here["name"].Node, here["name"].Path, $"peer '{name}', which is this node", "the other hosts alone");
                else if (!names.TryAdd(name, here["name"]))
                    sink.Error(here["name"].Node, here["name"].Path, $"peer '{name}' a second time", $"each host once; first at {names[name].Where}");
            }

            if (peer.Address.Address is null)
                continue;
            if (peer.Address == peers.Listen)
                sink.Error(here["address"].Node, here["address"].Path, $"address {peer.Address}, on which this host listens", "the other host's");
            else if (!addresses.TryAdd(peer.Address, here["address"]))
                sink.Error(here["address"].Node, here["address"].Path, $"address {peer.Address} a second time", $"each host once; first at {addresses[peer.Address].Where}");
        }
    }

    // Each host of the proxy tier is known to all by one address, which stays with it.
    private static void CheckProxies(ApplianceConfig config, PeersConfig peers, Cursor at, DiagnosticSink sink)
    {
        if (peers.Hosts.IsDefault || peers.Listen.Address is null)
            return;
        var known = new Dictionary<IPAddress, Cursor> { [peers.OwnProxy()] = at[at.Has("proxy") ? "proxy" : "listen"] };
        if (at.Has("proxy") && config.VrrpAddresses().Contains(peers.OwnProxy()))
            sink.Error(at["proxy"].Node, at["proxy"].Path, $"address {peers.OwnProxy()}, which moves between hosts", "an address that this host has by itself");
        for (var i = 0; i < peers.Hosts.Length; i++)
        {
            if (peers.Hosts[i] is not { Address.Address: not null } host)
                continue;
            var here = at["hosts"][i];
            here = here[here.Has("proxy") ? "proxy" : "address"];
            if (config.VrrpAddresses().Contains(host.ProxyAddress()))
                sink.Error(here.Node, here.Path, $"address {host.ProxyAddress()}, which moves between hosts", "an address that the other host has by itself");
            else if (!known.TryAdd(host.ProxyAddress(), here) && (at.Has("proxy") || here.Path.EndsWith(".proxy", StringComparison.Ordinal)))
                sink.Error(here.Node, here.Path, $"proxy {host.ProxyAddress()} a second time", $"an address of each host's own; first at {known[host.ProxyAddress()].Where}");
        }
    }

    private static void CheckAlone(ApplianceConfig config, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < config.L4.Services.Length; i++)
        {
            if (config.L4.Services[i] is { Forwarding: Forwarding.L7, Spread: Spread.Peers, Backends.IsEmpty: true } && at[i].Has("spread"))
                sink.Error(at[i]["spread"].Node, at[i]["spread"].Path, "spread: peers without peers", "peers: the other hosts, or spread: host");
        }
    }

    private static void CheckSpread(ApplianceConfig config, PeersConfig peers, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        if (peers.Hosts.IsDefault || peers.Listen.Address is null || peers.Hosts.Any(host => host?.Address.Address is null))
            return;
        for (var i = 0; i < config.L4.Services.Length; i++)
        {
            var here = at[i]["listen"];
            if (config.L4.Services[i] is not { Forwarding: Forwarding.L7, Spread: Spread.Peers, Backends.IsEmpty: true, Listen: { } listen })
                continue;
            if (peers.Proxies().Contains(listen.Address))
                sink.Error(here.Node, here.Path, $"address {listen.Address} of one host for a service that goes over all under peers", "a virtual address, or spread: host");
            else if (host is not null && !IsAnnounced(config, listen.Address) && !host.HasAddress(listen.Address))
                sink.Warning(here.Node, here.Path, $"address {listen.Address}, which this host has not, for a service that goes over all under peers", $"ip addr add {listen.Address} dev lo, on each host: what peers send ends at it (docs/drain.md)");
        }
    }

    // Those the daemon puts on lo itself.
    private static bool IsAnnounced(ApplianceConfig config, IPAddress address) => config.Bgp is { Addresses.IsDefault: false } bgp && bgp.Addresses.Any(one => address.Equals(one?.Address));

    private static void CheckListen(ApplianceConfig config, PeersConfig peers, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        if (peers.Listen.Address is not { } address)
            return;
        if (config.VrrpAddresses().Contains(address))
            sink.Error(at.Node, at.Path, $"address {address}, which moves between hosts", "an address that this host has by itself");
        else if (IsAnnounced(config, address))
            sink.Error(at.Node, at.Path, $"address {address}, which all hosts have", "an address that this host has by itself");
        else if (host is not null && !IPAddress.IsLoopback(address) && !host.HasAddress(address))
            sink.Warning(at.Node, at.Path, $"address {address}, which this host has not", "one of its own: until it has it, the peers can't ask this host");
    }

    // The daemon starts without them, says so and tries them again: their channel carries no traffic.
    private static void CheckFiles(PeersConfig peers, string node, Cursor at, DiagnosticSink sink)
    {
        var faults = new List<TlsFault>();
        TlsIdentity.Read(peers.Certificate, peers.Key, peers.Ca, node, TimeProvider.System.GetUtcNow(), faults);
        foreach (var fault in faults)
        {
            var here = at[fault.Key];
            if (fault.IsError && !sink.ToleratesFiles)
                sink.Error(here.Node, here.Path, fault.Found, fault.Expected);
            else
                sink.Warning(here.Node, here.Path, fault.Found, fault.Expected);
        }
    }
}
