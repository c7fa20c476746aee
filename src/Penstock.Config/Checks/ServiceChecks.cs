// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Config.Binding;
using Penstock.Config.Yaml;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>L4 services: names and addresses of their own, backends that their forwarding can reach.</summary>
internal static class ServiceChecks
{
    /// <summary>Checks the tier and every service.</summary>
    public static void Run(L4Config l4, Cursor at, DiagnosticSink sink)
    {
        EngineChecks.Run(l4, at, sink);
        if (l4.Engine == L4Engine.Xdp && l4.Services.Length > 0 && l4.Interfaces.IsEmpty && !at.Incomplete
            && (!at.Has("interface") || at["interface"].Node is SequenceNode { Items.Count: 0 }))
        {
            sink.Error(at.AtKey("services").Node, $"{at.Path}.interface", "services without an interface", "the interface that packets come in by");
        }

        var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        var marks = new Dictionary<(AddressFamily, int), Cursor>();
        var claims = new List<(ServiceAddress Address, Cursor At)>();
        for (var i = 0; i < l4.Services.Length; i++)
        {
            if (l4.Services[i] is not { } service)
                continue;
            var here = at["services"][i];
            if (service.Name is not null && !names.TryAdd(service.Name, here["name"]))
                sink.Error(here["name"].Node, here["name"].Path, $"service name '{service.Name}' a second time", $"a name of its own; first at {names[service.Name].Where}");
            if (service.Listen is not null && service.Ipvs?.Mark is null)
                Claim(service.Listen, here["listen"], claims, sink);
            if (service is { Listen: not null, Ipvs.Mark: { } mark } && !marks.TryAdd((service.Listen.Address.AddressFamily, mark), here["ipvs"]["mark"]))
                sink.Error(here["ipvs"]["mark"].Node, here["ipvs"]["mark"].Path, $"mark {mark} a second time", $"one of its own; first at {marks[(service.Listen.Address.AddressFamily, mark)].Where}");
            CheckTable(service, here, sink);
            CheckKeys(service, here, sink);
            EngineChecks.Run(service, l4.Engine, here, sink);
            BackendChecks.Run(service, l4.Engine, here["backends"], here.Has("backends"), sink);
            CheckOverrides(service, here["overrides"], sink);
            if (service.Health is { } health)
                ClusterChecks.CheckHealth(health, here["health"], sink);
        }
    }

    // A single port may lie within a range, and wins; two ranges may not share a port.
    private static void Claim(ServiceAddress address, Cursor at, List<(ServiceAddress Address, Cursor At)> claims, DiagnosticSink sink)
    {
        foreach (var (other, where) in claims)
        {
            if (other.Protocol != address.Protocol || !other.Address.Equals(address.Address) || other.IsOnePort != address.IsOnePort
                || address.FirstPort > other.LastPort || other.FirstPort > address.LastPort)
            {
                continue;
            }

            sink.Error(at.Node, at.Path, $"address {address}, which overlaps {where.Path} ({other}) at {where.Where}", "ports of its own");
            return;
        }

        claims.Add((address, at));
    }

    private static void CheckTable(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        if (!ServiceConfig.IsTableSize(service.TableSize))
        {
            var nearest = Enumerable.Range(service.TableSize, 1000).FirstOrDefault(ServiceConfig.IsTableSize);
            sink.Error(at["table_size"].Node, at["table_size"].Path, $"a table of {service.TableSize} slots", "a prime", nearest > 0 ? $"{nearest}" : null);
        }
        else if (service.Backends.Length > service.TableSize)
        {
            sink.Error(at["table_size"].Node, at["table_size"].Path, $"a table of {service.TableSize} slots for {service.Backends.Length} backends", "at least a slot for each, better a hundred");
        }
    }

    private static void CheckKeys(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        if (at.Has("udp_timeout") && service.Listen is { Protocol: not TransportProtocol.Udp })
            sink.Error(at.AtKey("udp_timeout").Node, at["udp_timeout"].Path, $"udp_timeout of a {Words.SnakeCase(service.Listen.Protocol.ToString())} service", "it on a udp service");
        if (at.Has("health_port") && !at.Has("health"))
            sink.Error(at.AtKey("health_port").Node, at["health_port"].Path, "health_port without health", "a health section beside it");
        if (service.Health is not null && service.HealthPort is null && service.Listen is { IsOnePort: false } && !service.Backends.All(backend => backend is { Port: not null }))
            sink.Error(at["health"].Node, at["health"].Path, "health checks of a service with many ports", "health_port beside them");
        if (service.HealthVia == HealthVia.DataPath)
            CheckHealthVia(service, at, sink);
        if (service.Forwarding == Forwarding.Nat && service.Listen is not null)
            CheckNat(at, sink);
        CheckSources(service, at["source"], sink);
        if (at.Has("spread") && service.Forwarding != Forwarding.L7)
            sink.Error(at.AtKey("spread").Node, at["spread"].Path, $"spread with forwarding: {service.Forwarding.Name()}", "forwarding: l7");
        else if (at.Has("spread") && at.Has("backends"))
            sink.Error(at.AtKey("spread").Node, at["spread"].Path, "spread beside backends", "one of them: backends are the hosts it goes over");
        if (service.SourceEntropy && (service.Forwarding != Forwarding.DsrIpip || !service.Sources.Any(source => source is { AddressFamily: AddressFamily.InterNetwork })))
            sink.Error(at.AtKey("source_entropy").Node, at["source_entropy"].Path, "source_entropy without an IPv4 source of dsr-ipip", "forwarding: dsr-ipip, and a source whose last 16 bits may vary");
        if (at.Has("allow") && service.Allow.All(set => set is { Prefixes.IsEmpty: true }))
            sink.Error(at["allow"].Node, at["allow"].Path, "no network that is allowed: nobody would be served", "at least one network");
        if (service.Panic is { } panic)
            CheckPanic(service, panic, at["panic"], sink);
        if (service.Quic is { } quic)
            CheckQuic(service, quic, at["quic"], sink);
        if (service.SynCookies is not null)
            CheckSynCookies(service, at.AtKey("syn_cookies"), sink);
    }

    // Where packets go as they are, or to this host, there is nothing more to find out than by the backend's address.
    private static void CheckHealthVia(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        var here = at.AtKey("health_via");
        if (service.Health is null)
            sink.Error(here.Node, here.Path, "health_via without health", "a health section beside it");
        if (service.Forwarding is not (Forwarding.DsrIpip or Forwarding.DsrGue or Forwarding.DsrL2))
            sink.Error(here.Node, here.Path, $"health_via: data_path with forwarding: {service.Forwarding.Name()}, whose checks go the clients' way as it is", "it with dsr-ipip, dsr-gue or dsr-l2");
        for (var i = 0; i < service.Backends.Length; i++)
        {
            if (service is { Listen: { } listen } && service.Backends[i] is { Address: { } address } && address.AddressFamily != listen.Address.AddressFamily)
                sink.Error(at["backends"][i]["address"].Node, at["backends"][i]["address"].Path, $"health_via: data_path of a service at {listen.Address} for backend {address}", "a backend of the same family, or health_via: address");
        }
    }

    private static void CheckPanic(ServiceConfig service, PanicConfig panic, Cursor at, DiagnosticSink sink)
    {
        if (service.Health is null)
            sink.Error(at.Node, at.Path, "panic without health", "a health section beside it");
        if (panic.Until is { } until && until < panic.Below)
            sink.Error(at["until"].Node, at["until"].Path, $"a panic that begins below {panic.Below}% and ends at {until}%", $"an end at {panic.Below}% or above");
    }

    // What translation does not ask: its flows are in a table of their own, with timeouts of their own.
    private static void CheckNat(Cursor at, DiagnosticSink sink)
    {
        foreach (var key in (string[])["flow_table", "udp_timeout"])
        {
            if (at.Has(key))
                sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} of a service with nat", "l4.nat, for all such services");
        }
    }

    private static void CheckSources(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < service.Sources.Length; i++)
        {
            if (service.Sources[i] is not { } source)
                continue;
            if (service.Sources.IndexOf(source) < i)
                sink.Error(at[i].Node, at[i].Path, $"source {source} a second time", "each address once");
            else if (service.Forwarding == Forwarding.Nat && service.Listen is { } listen && listen.Address.AddressFamily != source.AddressFamily)
                sink.Error(at[i].Node, at[i].Path, $"source {source} for a service at {listen.Address}", "an address of the same family");
            else if (service.Forwarding != Forwarding.Nat && service.Sources.Take(i).Any(other => other is not null && other.AddressFamily == source.AddressFamily))
                sink.Error(at[i].Node, at[i].Path, "a second source of one family", "one for IPv4 and one for IPv6; only nat takes more");
        }
    }

    private static void CheckQuic(ServiceConfig service, QuicRouting quic, Cursor at, DiagnosticSink sink)
    {
        const int LongestConnectionId = 20; // RFC 9000, 17.2
        if (service.Listen is { Protocol: not TransportProtocol.Udp })
            sink.Error(at.Node, at.Path, "quic of a tcp service", "it on a udp service");
        if (service.Forwarding is Forwarding.Nat or Forwarding.L7)
            sink.Error(at.Node, at.Path, $"quic with forwarding: {service.Forwarding.Name()}", "dsr-ipip, dsr-gue or dsr-l2");
        if (quic.Offset + quic.Length > LongestConnectionId)
            sink.Error(at.Node, at.Path, $"a server id that ends at byte {quic.Offset + quic.Length}", $"one within the {LongestConnectionId} bytes of a connection id");
    }

    // A cookie is a number that only who made it can check: the kernel whose listener takes the connection.
    private static void CheckSynCookies(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        if (service.Listen is { Protocol: not TransportProtocol.Tcp })
            sink.Error(at.Node, at.Path, "syn_cookies of a udp service", "it on a tcp service");
        else if (service.Forwarding != Forwarding.L7)
            sink.Error(at.Node, at.Path, $"syn_cookies with forwarding: {service.Forwarding.Name()}, whose backends cannot check a cookie made here", "forwarding: l7, or net.ipv4.tcp_syncookies=1 on the backends");
    }

    private static void CheckOverrides(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        var seen = new Dictionary<System.Net.IPNetwork, Cursor>();
        for (var i = 0; i < service.Overrides.Length; i++)
        {
            if (service.Overrides[i] is not { Backend: { } backend } one)
                continue;
            var here = at[i];
            if (!seen.TryAdd(one.Clients, here["clients"]))
                sink.Error(here["clients"].Node, here["clients"].Path, $"clients {one.Clients} a second time", $"each network once; first at {seen[one.Clients].Where}");
            if (service.Listen is { } listen && one.Clients != default && one.Clients.BaseAddress.AddressFamily != listen.Address.AddressFamily)
                sink.Error(here["clients"].Node, here["clients"].Path, $"clients {one.Clients} of a service at {listen.Address}", "a network of the same family");
            var matches = service.Backends.Count(known => known?.Address is not null && known.Address.Equals(backend));
            if (matches == 1)
                continue;
            sink.Error(
                here["backend"].Node, here["backend"].Path,
                matches == 0 ? $"backend {backend}, which the service does not have" : $"backend {backend}, of which the service has {matches}",
                "the address of one of its backends",
                matches == 0 ? Nearest.Find(backend.ToString(), service.Backends.Where(known => known?.Address is not null).Select(known => known.Address.ToString())) : null);
        }
    }
}
