// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

internal static class SomeBgp
{
    public static BgpConfig Config(params string[] addresses) => new()
    {
        Asn = 65010,
        RouterId = IPAddress.Parse("192.0.2.11"),
        Addresses = [.. (addresses is [] ? ["203.0.113.10"] : addresses).Select(text => new BgpAddressConfig { Address = IPAddress.Parse(text) })],
        Neighbors = [Neighbor("tor1", "192.0.2.1")],
    };

    public static BgpNeighborConfig Neighbor(string name, string address) => new() { Name = name, Address = IPAddress.Parse(address), Asn = 65000 };
}
