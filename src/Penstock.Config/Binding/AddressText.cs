// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Config.Binding;

/// <summary>IP addresses as this configuration takes them: dotted quads in plain decimal, and RFC 4291 text. (The base library also reads 10.1, 010.0.0.1 and 0x7f.1.)</summary>
internal static class AddressText
{
    /// <summary>Reads an address without brackets.</summary>
    public static bool TryParse(string text, out IPAddress address)
    {
        if (!IPAddress.TryParse(text, out var parsed) || text.Contains('[', StringComparison.Ordinal))
        {
            address = IPAddress.None;
            return false;
        }

        address = parsed;
        return parsed.AddressFamily == AddressFamily.InterNetworkV6
            || string.Equals(parsed.ToString(), text, StringComparison.Ordinal);
    }

    /// <summary>The network an address lies in: its host bits are 0.</summary>
    /// <param name="address">The address.</param>
    /// <param name="length">Bits of the prefix, at most as many as the address has.</param>
    public static IPNetwork Network(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    /// <summary>Reads a port in plain decimal.</summary>
    public static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && port <= IPEndPoint.MaxPort && (text.Length == 1 || text[0] != '0');
}
