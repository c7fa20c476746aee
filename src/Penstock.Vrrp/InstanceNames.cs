// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>What follows from a VRRP instance's router id.</summary>
internal static class InstanceNames
{
    // What adverts of any virtual router name, but for its number, the last byte.
    private static readonly byte[] s_token = [169, 254, 0], s_token6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0x5e, 0xff, 0xfe, 0x00, 0x02];

    /// <summary>
    /// The address that adverts name. Hosts that name other addresses than one another would both be master; so none of those that are added and removed is named,
    /// but 169.254.0.ID, of a range that nobody else may use (RFC 3927, 2.1), or the virtual router's own on the link (RFC 9568, 7.3; RFC 4291, appendix A).
    /// </summary>
    public static InterfaceAddress Token(this VrrpInstanceConfig instance) => instance.Family == AddressFamily.InterNetworkV6
        ? new InterfaceAddress(new IPAddress([.. s_token6, (byte)instance.RouterId]), 64)
        : new InterfaceAddress(new IPAddress([.. s_token, (byte)instance.RouterId]), 32);

    /// <summary>Whether an address is what adverts of some virtual router name.</summary>
    public static bool IsToken(IPAddress address) => address.GetAddressBytes().AsSpan().StartsWith(address.AddressFamily == AddressFamily.InterNetworkV6 ? s_token6 : s_token);

    /// <summary>Name of the interface that has the virtual router's MAC address.</summary>
    public static string Macvlan(this VrrpInstanceConfig instance) =>
        string.Create(CultureInfo.InvariantCulture, $"{(instance.Family == AddressFamily.InterNetworkV6 ? "vrrp6" : "vrrp")}.{instance.RouterId}");
}
