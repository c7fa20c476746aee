// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// The address on lo that stands for a daemon that is alive, and the other one of its prefix, by way of which BIRD has what it announces: BIRD takes no address of the host itself for
/// a next hop.
/// </summary>
/// <param name="Own">The address on lo.</param>
/// <param name="Other">The other one.</param>
/// <param name="Length">Bits of the prefix.</param>
internal sealed record LeaseAddress(IPAddress Own, IPAddress Other, int Length)
{
    // Of a range that nobody else may use (RFC 3927, 2.1).
    private static readonly LeaseAddress s_v4 = new(IPAddress.Parse("169.254.255.0"), IPAddress.Parse("169.254.255.1"), 31);

    // Of the prefix for addresses that no packet goes to (RFC 9780).
    private static readonly LeaseAddress s_v6 = new(IPAddress.Parse("100:0:0:1::"), IPAddress.Parse("100:0:0:1::1"), 127);

    /// <summary>Those of both families.</summary>
    public static IReadOnlyList<LeaseAddress> All { get; } = [s_v4, s_v6];

    /// <summary>The prefix, as BIRD has it.</summary>
    public string Network => string.Create(CultureInfo.InvariantCulture, $"{Own}/{Length}");

    /// <summary>That of a family.</summary>
    public static LeaseAddress Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? s_v6 : s_v4;
}
