// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Yaml;
using Penstock.Model.L4;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Services of the L4 tier whose backends are discovered: what can't work with addresses that come and go.</summary>
internal static class ServiceDiscoveryChecks
{
    private static readonly string[] s_sources = ["backends", "discovery"];

    /// <summary>Checks every service that has discovery.</summary>
    /// <param name="l4">The tier.</param>
    /// <param name="readsFiles">Whether files that sources name are those of this host.</param>
    /// <param name="at">Place of the tier.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L4Config l4, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        for (var i = 0; i < l4.Services.Length; i++)
        {
            if (l4.Services[i] is not { Discovery: { } discovery } service)
                continue;
            var here = at["services"][i];
            ConfigChecks.OneOf(here, s_sources, required: false, sink);
            CheckService(service, l4.Engine, here, sink);
            CheckSources(service, discovery, l4.Engine, readsFiles, here["discovery"], sink);
        }
    }

    private static void CheckService(ServiceConfig service, L4Engine engine, Cursor at, DiagnosticSink sink)
    {
        var here = at.AtKey("discovery");
        if (service.Forwarding == Forwarding.L7)
            sink.Error(here.Node, here.Path, "discovery with forwarding: l7, whose backends are the hosts of the proxy tier", "dsr-ipip, dsr-gue, dsr-l2 or nat; or discovery on a cluster of l7");
        if (service.Listen is { Protocol: TransportProtocol.Sctp })
            sink.Error(here.Node, here.Path, "discovery of an sctp service", "tcp or udp, or backends");
        if (service.Quic is not null)
            sink.Error(at.AtKey("quic").Node, at["quic"].Path, "quic beside discovery, which finds no server ids", "backends with a quic_id each, or no quic");
        if (service.HealthVia == HealthVia.DataPath)
            sink.Error(at.AtKey("health_via").Node, at["health_via"].Path, "health_via: data_path beside discovery", "backends, or health_via: address");
        if (service is { Health: not null, HealthPort: null, Listen.IsOnePort: false } && !MapsPorts(service, engine))
            sink.Error(at["health"].Node, at["health"].Path, "health checks of a service with many ports", "health_port beside them");
    }

    private static void CheckSources(ServiceConfig service, DiscoveryConfig discovery, L4Engine engine, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (at.Has("dns"))
            sink.Error(at.AtKey("dns").Node, at["dns"].Path, "dns, whose names of hosts are for clusters of l7: packets go to addresses", "kubernetes");
        else if (!at.Has("kubernetes") && !at.Incomplete && at.Node is MappingNode)
            sink.Error(at.Node, at.Path, "no key 'kubernetes'", "a Service in Kubernetes");
        if (!at.Has("kubernetes"))
            return;
        KubernetesChecks.Run(discovery.Kubernetes, readsFiles, at["kubernetes"], sink);
        for (var i = 0; i < discovery.Kubernetes.Length; i++)
        {
            var source = at["kubernetes"][i];
            if (source.Has("family"))
                sink.Error(source.AtKey("family").Node, source["family"].Path, "family in the discovery of a service, whose backends are of the family of listen", "no family");
        }

        for (var i = 0; i < discovery.Kubernetes.Length && !MapsPorts(service, engine); i++)
        {
            if (discovery.Kubernetes[i] is not { Via: not KubernetesVia.Pods })
                continue;
            var here = at["kubernetes"][i];
            sink.Error(here.AtKey("via").Node, here["via"].Path, $"node ports with forwarding: {service.Forwarding.Name()}, which leaves the service's port as it is", "via: pods, or forwarding: nat");
        }
    }

    private static bool MapsPorts(ServiceConfig service, L4Engine engine) => service.Forwarding == Forwarding.Nat || engine == L4Engine.Userspace;
}
