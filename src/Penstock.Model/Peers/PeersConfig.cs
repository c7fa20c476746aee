// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.Peers;

/// <summary>
/// The hosts that share this one's virtual addresses, and the channel on which they tell one another how they are: TLS 1.3, read-only, each side with a certificate
/// that names its node. It needs <c>node</c>.
/// </summary>
public sealed record PeersConfig
{
    /// <summary>Port of the channel where none is written.</summary>
    public const int DefaultPort = 9465;

    /// <summary>Most hosts.</summary>
    public const int MostHosts = 15;

    /// <summary>Address of this host that the others ask, with its port unless it is 9465. No virtual address: it has to stay here.</summary>
    [Address(AddressUse.ConnectIp, DefaultPort = DefaultPort)]
    [Example("192.0.2.11")]
    public required SocketEndpoint Listen { get; init; }

    /// <summary>Address of this host that the others send it flows of its proxy tier at, in tunnels, as their <c>proxy</c> of it says. Default: that of listen.</summary>
    [Example("10.0.0.1")]
    public IPAddress? Proxy { get; init; }

    /// <summary>File (PEM) of this host's certificate, and of those between it and the CA. Its subject alternative names (DNS) have to hold <c>node</c>.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/peers/lb1.crt")]
    public required string Certificate { get; init; }

    /// <summary>File (PEM) of its private key, not encrypted, which others than owner and group may not read.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/peers/lb1.key")]
    public required string Key { get; init; }

    /// <summary>File (PEM) of the CA, or several, that certificates of hosts are believed of. Those of the system count for nothing here.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/peers/ca.crt")]
    public required string Ca { get; init; }

    /// <summary>The other hosts, at most 15.</summary>
    [Example("[{name: lb2, address: 192.0.2.12}]")]
    public required ImmutableArray<PeerHostConfig> Hosts { get; init; }

    /// <summary>Time between two questions to a host. Default 1 s.</summary>
    [Range("100ms", "1m")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time for a question, from connecting to the whole answer. Default 2 s.</summary>
    [Range("100ms", "30s")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The address of this host that is its name among the hosts of the proxy tier.</summary>
    public IPAddress OwnProxy() => Proxy ?? Listen.Address!; // the configuration takes nothing else

    /// <summary>All hosts of the proxy tier, by that address, this one first.</summary>
    public IEnumerable<IPAddress> Proxies() => Hosts.Select(host => host.ProxyAddress()).Prepend(OwnProxy()).Distinct();
}
