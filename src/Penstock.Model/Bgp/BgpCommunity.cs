// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Runtime.InteropServices;

namespace Penstock.Model.Bgp;

/// <summary>A community: two numbers of 16 bits (RFC 1997), or a large one of three of 32 bits (RFC 8092).</summary>
/// <param name="First">Number of an autonomous system.</param>
/// <param name="Second">What it means by the community.</param>
/// <param name="Third">The same; null: it is none of the large ones.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BgpCommunity(uint First, uint Second, uint? Third)
{
    /// <summary>GRACEFUL_SHUTDOWN (RFC 8326).</summary>
    public static BgpCommunity GracefulShutdown { get; } = new(65535, 0, Third: null);

    /// <summary>Name of one that keeps the routers from telling others of the address (RFC 1997, RFC 7999, RFC 3765), or from using it; null: it is none of these.</summary>
    public string? Restriction => (First, Second, Third) switch
    {
        (65535, 0, null) => "GRACEFUL_SHUTDOWN",
        (65535, 666, null) => "BLACKHOLE",
        (65535, 65281, null) => "NO_EXPORT",
        (65535, 65282, null) => "NO_ADVERTISE",
        (65535, 65283, null) => "NO_EXPORT_SUBCONFED",
        (65535, 65284, null) => "NOPEER",
        _ => null,
    };

    /// <summary>Reads <c>65010:100</c> or <c>65010:1:2</c>.</summary>
    /// <returns>False: it is none.</returns>
    public static bool TryParse(string text, out BgpCommunity community)
    {
        community = default;
        var parts = text.Split(':');
        var numbers = new uint[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0 || (parts[i].Length > 1 && parts[i][0] == '0') || !uint.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                return false;
        }

        switch (numbers)
        {
            case [<= ushort.MaxValue and var first, <= ushort.MaxValue and var second]:
                community = new BgpCommunity(first, second, Third: null);
                return true;
            case [var first, var second, var third]:
                community = new BgpCommunity(first, second, third);
                return true;
            default:
                return false;
        }
    }
}
