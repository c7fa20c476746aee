// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.L7;
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>A virtual address and port whose packets are shared out over backends.</summary>
public sealed record ServiceConfig
{
    /// <summary>Unique name, used in metrics, logs and commands.</summary>
    [Text(TextForm.Name)]
    [Example("web")]
    public required string Name { get; init; }

    /// <summary>Protocol, virtual address and port, range of ports or all ports. A single port wins over a range.</summary>
    [Example("\"tcp://203.0.113.10:443\"")]
    public required ServiceAddress Listen { get; init; }

    /// <summary>How packets get to the backends.</summary>
    [Example("dsr-ipip")]
    public required Forwarding Forwarding { get; init; }

    /// <summary>Real servers. l7: the hosts of the proxy tier, this one among them, each by an address of its own; none: as spread says.</summary>
    [Example("[10.0.0.11, {address: 10.0.0.12, weight: 2}]")]
    public ImmutableArray<BackendConfig> Backends { get; init; } = [];

    /// <summary>
    /// Where backends come from when they are not in the file: a Service in Kubernetes, by its port of the service's protocol. With nat they are reached at the port that is found there, with
    /// dsr-ipip, dsr-gue and dsr-l2 at the service's own, which has to be the same; those of another address family than the service's are left out, but by engine userspace. Null, the default:
    /// they are in the file.
    /// </summary>
    [Example("{kubernetes: {service: dns/coredns, port: dns, kubeconfig: /etc/penstock/mesh-a.kubeconfig}}")]
    public DiscoveryConfig? Discovery { get; init; }

    /// <summary>l7 without backends: over which hosts new flows are spread, in equal parts. Default peers, which without a section peers is this host alone.</summary>
    public Spread Spread { get; init; } = Spread.Peers;

    /// <summary>Slots of the Maglev table, a prime; at least 100 for each backend keeps shares within 1%. Default 65537.</summary>
    [Range("2", "5000011")]
    public int TableSize { get; init; } = 65537;

    /// <summary>What of a packet chooses its backend. Default flow.</summary>
    public HashOn Hash { get; init; } = HashOn.Flow;

    /// <summary>Whether flows are remembered, so that they stay when backends change. Default true.</summary>
    public bool FlowTable { get; init; } = true;

    /// <summary>udp: idle time after which a flow is chosen anew; 0s: never. Default 30 s (katran).</summary>
    [Range("0s", "4h")]
    public TimeSpan UdpTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What a packet meets when no backend is left. Default drop.</summary>
    public EmptyAction Empty { get; init; } = EmptyAction.Drop;

    /// <summary>Where frames go on the link. Default kernel.</summary>
    public NextHop NextHop { get; init; } = NextHop.Kernel;

    /// <summary>
    /// Address that tunnels come from, one for each family. nat: addresses that backends see as clients, any number; a backend's flows are spread
    /// over those of its family. Default: the first of the interface's in the backend's family.
    /// </summary>
    [PerHost]
    [Key("source")]
    [Example("10.0.0.1")]
    public ImmutableArray<IPAddress> Sources { get; init; } = [];

    /// <summary>dsr-ipip: whether the last 16 bits of an IPv4 source vary by flow, so that receivers spread load over their queues. Default false.</summary>
    public bool SourceEntropy { get; init; }

    /// <summary>Clients that go to a backend of their own while it is ready; the longest prefix wins. New flows only.</summary>
    [Example("[{clients: 198.51.100.0/24, backend: 10.0.0.12}]")]
    public ImmutableArray<ClientOverride> Overrides { get; init; } = [];

    /// <summary>udp: backends are chosen by the server id in QUIC connection ids (RFC 9000), so that a connection keeps its backend when its client's address changes; null: they are not read.</summary>
    [Example("{offset: 1, length: 2}")]
    public QuicRouting? Quic { get; init; }

    /// <summary>
    /// Networks of clients that are served, others are dropped; an absolute path stands for the networks in that file, one a line, '#' begins a comment.
    /// Where allow and block both match, the longer prefix wins, and of equal ones block. Default: all are served.
    /// </summary>
    [Example("[10.0.0.0/8, /etc/penstock/partners.txt]")]
    public ImmutableArray<SourceSet> Allow { get; init; } = [];

    /// <summary>Networks of clients whose packets are dropped, written as in allow. Default none.</summary>
    [Example("/etc/penstock/drop.txt")]
    public ImmutableArray<SourceSet> Block { get; init; } = [];

    /// <summary>Packets a second from one client address; what is above is dropped. 0, the default: no limit.</summary>
    [Range("0", "1000000000")]
    public int PacketsPerSource { get; init; }

    /// <summary>New flows a second from one client address; what is above is dropped. 0, the default: no limit.</summary>
    [Range("0", "1000000000")]
    public int FlowsPerSource { get; init; }

    /// <summary>
    /// tcp with forwarding: l7: SYNs beyond a threshold are answered in XDP by the kernel's SYN cookies (RFC 4987) instead of going up the stack; null: never.
    /// </summary>
    [Example("{threshold: 1000}")]
    public SynCookies? SynCookies { get; init; }

    /// <summary>What engine ipvs alone has; null: its defaults.</summary>
    [Example("{scheduler: wlc, persistence: 5m}")]
    public IpvsServiceConfig? Ipvs { get; init; }

    /// <summary>Active health checks; null: every backend counts as up.</summary>
    [Example("{type: tcp, interval: 2s}")]
    public HealthCheckConfig? Health { get; init; }

    /// <summary>Port that health checks go to; null: the backend's with nat, else the service's.</summary>
    [Range("1", "65535")]
    [Example("8080")]
    public int? HealthPort { get; init; }

    /// <summary>
    /// dsr-ipip, dsr-gue and dsr-l2 with engine xdp: the way of health checks; data_path also finds a backend down whose tunnel or virtual address is not in order. Default
    /// address.
    /// </summary>
    [Example("data_path")]
    public HealthVia HealthVia { get; init; } = HealthVia.Address;

    /// <summary>
    /// Time in which a backend that returns, from down, drain or maintenance, or is added to a running service, gets to its whole weight, in 16 steps from a sixteenth;
    /// 0s, the default: at once. Shares of new flows only, and none of overrides and quic. A start of the daemon ends it.
    /// </summary>
    [Range("0s", "1h")]
    [Example("60s")]
    public TimeSpan SlowStart { get; init; }

    /// <summary>When so few backends are up that all are used; null: never.</summary>
    [Example("50%")]
    public PanicConfig? Panic { get; init; }

    /// <summary>Whether a Maglev table can have so many slots: a prime, so that every backend's walk visits every slot.</summary>
    public static bool IsTableSize(int slots)
    {
        if (slots < 2 || (slots > 2 && slots % 2 == 0))
            return false;
        for (var divisor = 3; (long)divisor * divisor <= slots; divisor += 2)
        {
            if (slots % divisor == 0)
                return false;
        }

        return true;
    }
}
