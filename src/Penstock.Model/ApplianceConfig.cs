// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Bgp;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Peers;
using Penstock.Model.Schema;
using Penstock.Model.Vrrp;

namespace Penstock.Model;

/// <summary>The whole of one node's configuration, validated: what /etc/penstock says.</summary>
public sealed record ApplianceConfig
{
    /// <summary>Name of this host in logs, metrics and <c>Via</c>. Default: the host name.</summary>
    [PerHost]
    [FilledIn("the host name")]
    [Text(TextForm.Name)]
    [Example("lb1")]
    public required string Node { get; init; }

    /// <summary>How long SIGTERM waits for requests in flight, and for connections of services with engine userspace, before it closes them. Default 30 s.</summary>
    [PerHost]
    [Range("0s", "1h")]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether a changed configuration file is applied without being asked to, and so are certificates, CAs, keys, OCSP responses, keys of session tickets and password files that the running
    /// configuration names: 0.3 s, and those that it names 2 to 4 s, after the last change. Default false.
    /// </summary>
    [PerHost]
    public bool Watch { get; init; }

    /// <summary>Folder of what the daemon keeps over restarts: what operators have taken out, the configurations that have run, the last endpoints of discovery by Kubernetes, the account and the certificates of ACME. Another one counts from the next start. Default /var/lib/penstock.</summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    public string State { get; init; } = "/var/lib/penstock";

    /// <summary>The admin API.</summary>
    [PerHost]
    [Example("{socket: /run/penstock/admin.sock}")]
    public AdminConfig Admin { get; init; } = new();

    /// <summary>The metrics listener; null: none.</summary>
    [PerHost]
    [Example("{bind: \"127.0.0.1:9464\"}")]
    public MetricsConfig? Metrics { get; init; }

    /// <summary>The other hosts; null: none is known, and nothing is said of them.</summary>
    [PerHost]
    [Example("{listen: 192.0.2.11, certificate: /etc/penstock/peers/lb1.crt, key: /etc/penstock/peers/lb1.key, ca: /etc/penstock/peers/ca.crt, hosts: [{name: lb2, address: 192.0.2.12}]}")]
    public PeersConfig? Peers { get; init; }

    /// <summary>VRRP instances, in file order; names are unique.</summary>
    [Example("[{name: edge, interface: eth0, router_id: 51, priority: 150, peers: [192.0.2.12], addresses: [192.0.2.100/24]}]")]
    public ImmutableArray<VrrpInstanceConfig> Vrrp { get; init; } = [];

    /// <summary>The program that runs the VRRP instances.</summary>
    [PerHost]
    [Example("{binary: /usr/local/sbin/keepalived}")]
    public KeepalivedConfig Keepalived { get; init; } = new();

    /// <summary>Addresses that are announced by BGP; null: none.</summary>
    [Example("{asn: 65010, router_id: 192.0.2.11, addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000}]}")]
    public BgpConfig? Bgp { get; init; }

    /// <summary>The program that announces them.</summary>
    [PerHost]
    [Example("{binary: /usr/local/sbin/bird}")]
    public BirdConfig Bird { get; init; } = new();

    /// <summary>The CA of certificates that are asked for here; null: none.</summary>
    [Example("{terms_agreed: true, contact: ops@example.com}")]
    public AcmeConfig? Acme { get; init; }

    /// <summary>The L4 tier.</summary>
    [Example("{interface: eth0, services: [{name: web, listen: \"tcp://203.0.113.10:80\", forwarding: l7}]}")]
    public L4Config L4 { get; init; } = new();

    /// <summary>The HTTP proxy tier.</summary>
    [Example("{listeners: [{name: http, bind: \":80\", routes: main}], routes: {main: [{to: mesh}]}, clusters: {mesh: {endpoints: [\"10.0.0.11:80\"]}}}")]
    public L7Config L7 { get; init; } = new();

    /// <summary>Addresses of all VRRP instances; while it is checked without those that are missing or can't be read.</summary>
    public IEnumerable<IPAddress> VrrpAddresses() =>
        Vrrp.Where(instance => instance is { Addresses.IsDefault: false }).SelectMany(instance => instance.Addresses).Select(one => one?.Address?.Address).OfType<IPAddress>();
}
