// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>L4 services: names and addresses of their own, backends that their forwarding can reach.</summary>
internal static class ServiceChecks
{
    /// <summary>Checks the tier and every service.</summary>
    public static void Run(L4Config l4, Cursor at, DiagnosticSink sink)
    {
        if (l4.Engine != L4Engine.Xdp)
            sink.Error(at["engine"].Node, at["engine"].Path, $"engine {Words.SnakeCase(l4.Engine.ToString())}, which is not available yet", "xdp");
        if (l4.Services.Length > 0 && l4.Interfaces.IsEmpty && !at.Has("interface") && !at.Incomplete)
            sink.Error(at.AtKey("services").Node, $"{at.Path}.interface", "services without an interface", "the interface that packets come in by");

        var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        var claims = new List<(ServiceAddress Address, Cursor At)>();
        for (var i = 0; i < l4.Services.Length; i++)
        {
            if (l4.Services[i] is not { } service)
                continue;
            var here = at["services"][i];
            if (service.Name is not null && !names.TryAdd(service.Name, here["name"]))
                sink.Error(here["name"].Node, here["name"].Path, $"service name '{service.Name}' a second time", $"a name of its own; first at {names[service.Name].Where}");
            if (service.Listen is not null)
                Claim(service.Listen, here["listen"], claims, sink);
            CheckTable(service, here, sink);
            CheckKeys(service, here, sink);
            CheckBackends(service, here["backends"], here.Has("backends"), sink);
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
        if (at.Has("udp_timeout") && service.Listen is { Protocol: TransportProtocol.Tcp })
            sink.Error(at.AtKey("udp_timeout").Node, at["udp_timeout"].Path, "udp_timeout of a tcp service", "it on a udp service");
        if (at.Has("health_port") && !at.Has("health"))
            sink.Error(at.AtKey("health_port").Node, at["health_port"].Path, "health_port without health", "a health section beside it");
        if (service.Health is not null && service.HealthPort is null && service.Listen is { IsOnePort: false })
            sink.Error(at["health"].Node, at["health"].Path, "health checks of a service with many ports", "health_port beside them");
    }

    private static void CheckBackends(ServiceConfig service, Cursor at, bool written, DiagnosticSink sink)
    {
        var seen = new Dictionary<(System.Net.IPAddress, int?), Cursor>();
        for (var i = 0; i < service.Backends.Length; i++)
        {
            if (service.Backends[i] is not { Address: not null } backend)
                continue;
            var here = at[i];
            if (!seen.TryAdd((backend.Address, backend.Port), here["address"]))
                sink.Error(here["address"].Node, here["address"].Path, $"backend {backend.Address} a second time", $"each backend once; first at {seen[(backend.Address, backend.Port)].Where}");
            if (service.Listen is not null)
                CheckBackend(service, service.Listen, backend, here, sink);
        }

        if (written && service.Backends.Length > 0 && service.Backends.All(backend => backend is { Weight: 0 }))
            sink.Error(at.Node, at.Path, "every weight 0", "at least one weight above 0");
    }

    private static void CheckBackend(ServiceConfig service, ServiceAddress listen, BackendConfig backend, Cursor at, DiagnosticSink sink)
    {
        var isOtherFamily = backend.Address.AddressFamily != listen.Address.AddressFamily;
        if (isOtherFamily && service.Forwarding == Forwarding.DsrL2)
            sink.Error(at["address"].Node, at["address"].Path, $"backend {backend.Address} for a service at {listen.Address}", "an address of the same family, or a tunnel: dsr-ipip or dsr-gue");
        if (backend.Address.Equals(listen.Address))
            sink.Error(at["address"].Node, at["address"].Path, $"the service's own address {listen.Address} as a backend", "the real server's address");
        if (backend.Port is not null && service.Forwarding != Forwarding.DsrGue)
            sink.Error(at.AtKey("port").Node, at["port"].Path, "a port where packets arrive with the service's", "no port, or forwarding: dsr-gue");
        if (service.Forwarding == Forwarding.DsrL2 && backend.Mac is null && !at.Has("mac") && !at.Incomplete)
            sink.Error(at.Node, at["mac"].Path, $"backend {backend.Address} of dsr-l2 without a mac", "its MAC address");
        if (backend.Interface is not null && backend.Mac is null && !at.Has("mac"))
            sink.Error(at.AtKey("interface").Node, at["interface"].Path, "interface without mac", "a mac beside it; otherwise the kernel's routes say the interface");
    }
}
