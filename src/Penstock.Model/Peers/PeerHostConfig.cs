// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.Peers;

/// <summary>Another host.</summary>
public sealed record PeerHostConfig
{
    /// <summary>Its <c>node</c>, which its certificate names.</summary>
    [Text(TextForm.Name)]
    [Example("lb2")]
    public required string Name { get; init; }

    /// <summary>Its <c>listen</c>, with the port unless it is 9465.</summary>
    [Address(AddressUse.ConnectIp, DefaultPort = PeersConfig.DefaultPort)]
    [Example("192.0.2.12")]
    public required SocketEndpoint Address { get; init; }

    /// <summary>Its <c>proxy</c>: where it takes tunnels of the proxy tier. Default: that of address.</summary>
    [Example("10.0.0.2")]
    public IPAddress? Proxy { get; init; }

    /// <summary>The address that it has among the hosts of the proxy tier.</summary>
    public IPAddress ProxyAddress() => Proxy ?? Address.Address!; // the configuration takes nothing else
}
