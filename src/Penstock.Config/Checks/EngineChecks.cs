// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>What one engine can't do: an error that names the one that can.</summary>
internal static class EngineChecks
{
    // Keys that would be without effect, although somebody counts on them.
    private static readonly string[] s_xdpServiceKeys = ["overrides", "quic", "allow", "block", "packets_per_source", "flows_per_source", "source", "source_entropy", "udp_timeout", "next_hop", "syn_cookies", "health_via"];
    private static readonly string[] s_xdpKeys = ["new_flows_per_cpu", "replies_per_cpu", "drop_other_ports", "limited_sources", "probe_mark"];
    private static readonly string[] s_xdpBackendKeys = ["mac", "interface", "vlan", "quic_id"];
    private static readonly string[] s_ipvsBackendKeys = ["upper_threshold", "lower_threshold"];

    /// <summary>Checks the tier.</summary>
    public static void Run(L4Config l4, Cursor at, DiagnosticSink sink)
    {
        if (l4.Engine != L4Engine.Xdp)
            Refuse(at, s_xdpKeys, l4.Engine, L4Engine.Xdp, sink);
        if (l4.Engine == L4Engine.Ipvs)
            Refuse(at, ["nat"], l4.Engine, L4Engine.Xdp, sink);
        if (l4.Engine == L4Engine.Userspace)
            Refuse(at["nat"], ["ports"], l4.Engine, L4Engine.Xdp, sink);
        else
            Refuse(at, ["userspace"], l4.Engine, L4Engine.Userspace, sink);
        if (l4.Engine != L4Engine.Ipvs)
            Refuse(at, ["ipvs"], l4.Engine, L4Engine.Ipvs, sink);
        if (l4.Ipvs.Sysctls is { } sysctls)
            CheckSysctls(sysctls.Keys, at["ipvs"]["sysctls"], sink);
        if (l4 is { Engine: L4Engine.Ipvs, Ipvs.Sync: not null })
            CheckFamilies(l4, at["services"], sink);
    }

    /// <summary>Checks one service.</summary>
    public static void Run(ServiceConfig service, L4Engine engine, Cursor at, DiagnosticSink sink)
    {
        if (engine == L4Engine.Ipvs)
            CheckIpvs(service, at, sink);
        else
            CheckOthers(service, engine, at, sink);
        if (engine == L4Engine.Userspace)
            UserspaceChecks.Run(service, at, sink);
        for (var i = 0; i < service.Backends.Length; i++)
        {
            if (engine != L4Engine.Xdp)
                Refuse(at["backends"][i], s_xdpBackendKeys, engine, L4Engine.Xdp, sink);
            if (engine != L4Engine.Ipvs)
                Refuse(at["backends"][i], s_ipvsBackendKeys, engine, L4Engine.Ipvs, sink);
            if (engine == L4Engine.Ipvs && service.Forwarding != Forwarding.Nat && service.Backends[i] is { Address: not null } backend
                && service.Backends.Take(i).Any(other => other?.Address is not null && other.Port != backend.Port && other.Address.Equals(backend.Address)))
            {
                sink.Error(at["backends"][i]["address"].Node, at["backends"][i]["address"].Path, $"backend {backend.Address} at two ports with engine ipvs", "each backend once, or engine: xdp");
            }

            if (service.Backends[i] is { UpperThreshold: var upper, LowerThreshold: var lower and > 0 } && lower >= upper)
            {
                sink.Error(
                    at["backends"][i]["lower_threshold"].Node, at["backends"][i]["lower_threshold"].Path, $"lower_threshold {lower}",
                    upper > 0 ? $"one below upper_threshold, {upper}" : "an upper_threshold above it");
            }
        }
    }

    private static void CheckOthers(ServiceConfig service, L4Engine engine, Cursor at, DiagnosticSink sink)
    {
        Refuse(at, ["ipvs"], engine, L4Engine.Ipvs, sink);
        if (service.Listen is { Protocol: TransportProtocol.Sctp })
            sink.Error(at["listen"].Node, at["listen"].Path, $"sctp with engine {Name(engine)}", "engine: ipvs");
    }

    private static void CheckIpvs(ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        Refuse(at, s_xdpServiceKeys, L4Engine.Ipvs, L4Engine.Xdp, sink);
        var own = service.Ipvs ?? new IpvsServiceConfig();
        if (service.Forwarding == Forwarding.L7)
            sink.Error(at["forwarding"].Node, at["forwarding"].Path, "forwarding: l7 with engine ipvs", "engine: xdp, which spreads over this host and its peers; or no service: listeners of this host take its packets without one");
        if (!service.FlowTable)
            sink.Error(at["flow_table"].Node, at["flow_table"].Path, "flow_table: false with engine ipvs, which remembers every connection", "engine: xdp");
        if (at.Has("empty") && service.Empty != EmptyAction.Reject)
            sink.Error(at["empty"].Node, at["empty"].Path, $"empty: {Words.SnakeCase(service.Empty.ToString())} with engine ipvs, which answers with ICMP port unreachable", "empty: reject, or engine: xdp");
        if (at.Has("hash") && own.Scheduler is not (IpvsScheduler.Mh or IpvsScheduler.Sh))
            sink.Error(at["hash"].Node, at["hash"].Path, $"hash with scheduler {Words.SnakeCase(own.Scheduler.ToString())}", "scheduler: mh or sh");
        if (service.Listen is { } listen)
            CheckListen(own, listen, at, sink);
        if (service.Ipvs is not null)
            CheckKeys(own, service, at["ipvs"], sink);
    }

    private static void CheckListen(IpvsServiceConfig own, ServiceAddress listen, Cursor at, DiagnosticSink sink)
    {
        if (own.Mark is not null)
            return;
        if (listen is { IsOnePort: false, IsAllPorts: false })
            sink.Error(at["listen"].Node, at["listen"].Path, $"a range of ports, {listen}, with engine ipvs", "one port, all of them with *, a firewall mark (ipvs.mark), or engine: xdp");
        else if (listen.IsAllPorts && own.Persistence is null)
            sink.Error(at["listen"].Node, at["listen"].Path, "all ports with engine ipvs and no persistence", "ipvs.persistence, which IPVS asks for then, or engine: xdp");
    }

    private static void CheckKeys(IpvsServiceConfig own, ServiceConfig service, Cursor at, DiagnosticSink sink)
    {
        if (own.Fallback && own.Scheduler is not (IpvsScheduler.Mh or IpvsScheduler.Sh))
            sink.Error(at["fallback"].Node, at["fallback"].Path, $"fallback of scheduler {Words.SnakeCase(own.Scheduler.ToString())}", "scheduler: mh or sh");
        if (own.OnePacket && service.Listen is { Protocol: not TransportProtocol.Udp })
            sink.Error(at["one_packet"].Node, at["one_packet"].Path, "one_packet of a service that is not udp", "it on a udp service");
        if (own.PersistencePrefix is null)
            return;
        if (own.Persistence is null)
            sink.Error(at.AtKey("persistence_prefix").Node, at["persistence_prefix"].Path, "persistence_prefix without persistence", "persistence beside it");
        else if (own.PersistencePrefix > 32 && service.Listen is { Address.AddressFamily: System.Net.Sockets.AddressFamily.InterNetwork })
            sink.Error(at["persistence_prefix"].Node, at["persistence_prefix"].Path, $"a prefix of {own.PersistencePrefix} for IPv4", "1 to 32");
    }

    // The kernel's messages to the other director have one family for client and backend: it refuses to have both (ip_vs_ctl.c).
    private static void CheckFamilies(L4Config l4, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < l4.Services.Length; i++)
        {
            var service = l4.Services[i];
            for (var j = 0; service is { Listen: not null, Forwarding: Forwarding.DsrIpip or Forwarding.DsrGue } && j < service.Backends.Length; j++)
            {
                var address = at[i]["backends"][j]["address"];
                if (service.Backends[j] is { Address: { } backend } && backend.AddressFamily != service.Listen.Address.AddressFamily)
                    sink.Error(address.Node, address.Path, $"backend {backend} for a service at {service.Listen.Address} with ipvs.sync", "an address of the same family, or no sync");
            }
        }
    }

    private static void CheckSysctls(IEnumerable<string> names, Cursor at, DiagnosticSink sink)
    {
        foreach (var name in names)
        {
            if (!name.All(letter => letter is (>= 'a' and <= 'z') or '_' or (>= '0' and <= '9')))
                sink.Error(at.AtKey(name).Node, at[name].Path, $"sysctl '{name}'", "a name of net.ipv4.vs, such as expire_nodest_conn");
        }
    }

    /// <summary>Refuses keys that another engine has.</summary>
    internal static void Refuse(Cursor at, string[] keys, L4Engine engine, L4Engine other, DiagnosticSink sink)
    {
        foreach (var key in keys)
        {
            if (at.Has(key))
                sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} with engine {Name(engine)}", $"engine: {Name(other)}, or no {key}");
        }
    }

    private static string Name(L4Engine engine) => Words.SnakeCase(engine.ToString());
}
