// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>The L4 tier: services balanced in the kernel.</summary>
public sealed record L4Config
{
    /// <summary>What balances. Default xdp.</summary>
    public L4Engine Engine { get; init; } = L4Engine.Xdp;

    /// <summary>Interfaces that packets for the services come in by. xdp needs one as soon as there is a service; ipvs and userspace take packets from all.</summary>
    [PerHost]
    [Key("interface")]
    [Text(TextForm.InterfaceName)]
    [Example("eth0")]
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Where XDP runs. Default native: in the driver; generic works on any interface, at many times the cost.</summary>
    [PerHost]
    public XdpAttach Attach { get; init; } = XdpAttach.Native;

    /// <summary>The compiled program; null: bpf/xdp_lb.bpf.o beside the binary, else /usr/lib/penstock/bpf/xdp_lb.bpf.o.</summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    [Example("/usr/lib/penstock/bpf/xdp_lb.bpf.o")]
    public string? Program { get; init; }

    /// <summary>Folder in a bpffs that programs, maps and links are pinned in; a bpffs is mounted there if it lies in none. Default /sys/fs/bpf/penstock.</summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    public string Pins { get; init; } = "/sys/fs/bpf/penstock";

    /// <summary>Seed of Maglev tables and of the flow hash: equal on all hosts that must choose alike. Default 0.</summary>
    [Range("0", "2147483647")]
    public int HashSeed { get; init; }

    /// <summary>Flows the table remembers for each CPU, some 11 bytes each, rounded up to six times a power of two; 0: none. Default 262,144.</summary>
    [Range("0", "16777216")]
    public int FlowsPerCpu { get; init; } = 1 << 18;

    /// <summary>Flows per CPU and second the table takes in; what is above goes by the Maglev table alone. 0, the default: no cap.</summary>
    [Range("0", "100000000")]
    public int NewFlowsPerCpu { get; init; }

    /// <summary>Echo replies, resets and ICMP errors that are sent for services, for each CPU and second; 0: none. Default 10,000.</summary>
    [Range("0", "100000000")]
    public int RepliesPerCpu { get; init; } = 10_000;

    /// <summary>
    /// Clients, for each service, whose packets_per_source and flows_per_source are counted at a time, some 100 bytes each; more than that, and those not seen for
    /// longest begin anew. Default 65,536.
    /// </summary>
    [Range("1024", "16777216")]
    public int LimitedSources { get; init; } = 1 << 16;

    /// <summary>
    /// The first of 65,536 packet marks (SO_MARK) that health checks with health_via: data_path have, one for each backend. No other program or rule of this host may use
    /// them. Default 1347616768 (0x50530000).
    /// </summary>
    [PerHost]
    [Range("1", "2147418112")]
    public int ProbeMark { get; init; } = 0x50530000;

    /// <summary>Whether packets to a service's address are dropped where no service takes their port. Default false: they go up this host's stack.</summary>
    public bool DropOtherPorts { get; init; }

    /// <summary>What services with forwarding: nat share.</summary>
    [Example("{flows: 262144, tcp_timeout: 10m}")]
    public NatConfig Nat { get; init; } = new();

    /// <summary>What engine ipvs has for all services.</summary>
    [Example("{sync: {interface: eth1}}")]
    public IpvsConfig Ipvs { get; init; } = new();

    /// <summary>What engine userspace has for all services.</summary>
    [Example("{connect_timeout: 2s}")]
    public UserspaceConfig Userspace { get; init; } = new();

    /// <summary>Services, in file order; names are unique.</summary>
    [Example("[{name: dns, listen: \"udp://203.0.113.10:53\", forwarding: dsr-ipip, backends: [10.0.0.11, 10.0.0.12]}]")]
    public ImmutableArray<ServiceConfig> Services { get; init; } = [];
}
