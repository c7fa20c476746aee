// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>What follows from a VRRP instance's router id.</summary>
internal static class InstanceNames
{
    /// <summary>
    /// The address that adverts name. Hosts that name other addresses than one another would both be master; so none of those that are added and removed is named,
    /// but 169.254.0.ID, of a range that nobody else may use (RFC 3927, 2.1), or the virtual router's own on the link (RFC 9568, 7.3; RFC 4291, appendix A).
    /// </summary>
    public static InterfaceAddress Token(this VrrpInstanceConfig instance) => instance.Family == AddressFamily.InterNetworkV6
        ? new InterfaceAddress(new IPAddress([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0x5e, 0xff, 0xfe, 0x00, 0x02, (byte)instance.RouterId]), 64)
        : new InterfaceAddress(new IPAddress([169, 254, 0, (byte)instance.RouterId]), 32);

    /// <summary>Name of the interface that has the virtual router's MAC address.</summary>
    public static string Macvlan(this VrrpInstanceConfig instance) =>
        string.Create(CultureInfo.InvariantCulture, $"{(instance.Family == AddressFamily.InterNetworkV6 ? "vrrp6" : "vrrp")}.{instance.RouterId}");
}
