// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>What follows from a VRRP instance's router id.</summary>
internal static class InstanceNames
{
    /// <summary>The address that adverts name, as keepalived puts it on the interface of the master.</summary>
    public static InterfaceAddress Token(this VrrpInstanceConfig instance) =>
        new(AdvertToken.Of(instance.Family, instance.RouterId), instance.Family == AddressFamily.InterNetworkV6 ? 64 : 32);

    /// <summary>Name of the interface that has the virtual router's MAC address.</summary>
    public static string Macvlan(this VrrpInstanceConfig instance) =>
        string.Create(CultureInfo.InvariantCulture, $"{(instance.Family == AddressFamily.InterNetworkV6 ? "vrrp6" : "vrrp")}.{instance.RouterId}");
}
