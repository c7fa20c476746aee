// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.Model.Vrrp;

/// <summary>
/// The address that adverts name in place of the virtual ones. Hosts that name other addresses than one another would both be master; so none of those that are added and
/// removed is named, but 169.254.0.ID, of a range that nobody else may use (RFC 3927, 2.1), or the virtual router's own on the link (RFC 9568, 7.3; RFC 4291, appendix A).
/// </summary>
public static class AdvertToken
{
    private static readonly byte[] s_v4 = [169, 254, 0], s_v6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0x5e, 0xff, 0xfe, 0x00, 0x02];

    /// <summary>That of a virtual router.</summary>
    /// <param name="family">Family of its adverts.</param>
    /// <param name="routerId">Its id, 1 to 255, the last byte.</param>
    public static IPAddress Of(AddressFamily family, int routerId) => new([.. family == AddressFamily.InterNetworkV6 ? s_v6 : s_v4, (byte)routerId]);

    /// <summary>Whether an address is that of some virtual router.</summary>
    public static bool Is(IPAddress address) => address.GetAddressBytes().AsSpan().StartsWith(address.AddressFamily == AddressFamily.InterNetworkV6 ? s_v6 : s_v4);
}
