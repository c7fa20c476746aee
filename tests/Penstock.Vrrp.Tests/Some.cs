// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

internal static class Some
{
    public static VrrpInstanceConfig Instance(string name = "edge", int routerId = 51, params string[] addresses) => new()
    {
        Name = name,
        Interface = "eth0",
        RouterId = routerId,
        Addresses = [.. (addresses is [] ? ["10.8.0.100/24"] : addresses).Select(Address)],
    };

    public static VrrpAddressConfig Address(string text)
    {
        var network = text.Split('/');
        var address = IPAddress.Parse(network[0]);
        return new VrrpAddressConfig { Address = new InterfaceAddress(address, network.Length > 1 ? int.Parse(network[1], System.Globalization.CultureInfo.InvariantCulture) : address.GetAddressBytes().Length * 8) };
    }

    public static Snapshot Snapshot(params VrrpInstanceConfig[] instances) => new(
        1,
        new ApplianceConfig { Node = "lb1", Vrrp = [.. instances] },
        ImmutableDictionary.Create<string, ClusterEndpoints>(StringComparer.Ordinal));

    public static BackendStatus Backend(string address, int weight, EndpointState state, bool panic = false) =>
        new(new BackendConfig { Address = IPAddress.Parse(address), Weight = weight }, state) { IsInPanic = panic };
}
