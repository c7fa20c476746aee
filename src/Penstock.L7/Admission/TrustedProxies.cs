// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;

namespace Penstock.L7.Admission;

/// <summary>The proxies in front whose X-Forwarded-For a listener believes, and the client they speak for.</summary>
internal sealed class TrustedProxies
{
    private readonly AddressRanges _ipv4;
    private readonly AddressRanges _ipv6;

    /// <summary>Compiles the networks of a listener. Networks within ::ffff:0:0/96 are IPv4 networks.</summary>
    public TrustedProxies(ImmutableArray<IPNetwork> networks)
    {
        (bool IsIPv4, UInt128 First, UInt128 Last)[] ranges = [.. networks.Select(RangeOf)];
        _ipv4 = new AddressRanges(ranges.Where(range => range.IsIPv4).Select(range => (range.First, range.Last)));
        _ipv6 = new AddressRanges(ranges.Where(range => !range.IsIPv4).Select(range => (range.First, range.Last)));
        IsEmpty = networks.IsEmpty;
    }

    /// <summary>Whether no peer is trusted, which is the default: then nothing need be read.</summary>
    public bool IsEmpty { get; }

    /// <summary>Whether a peer is one of the proxies.</summary>
    public bool Contains(ClientAddress peer) => !peer.IsNone && (peer.IsIPv4 ? _ipv4 : _ipv6).Contains(peer.Bits);

    /// <summary>
    /// Walks one X-Forwarded-For field value from its end: as long as the client known so far is a trusted proxy, the entry before it is
    /// taken for the client. Start from the connection's peer; with several such fields, walk the last of them first.
    /// </summary>
    /// <param name="fieldValue">Addresses separated by commas, each with an optional port, IPv6 in brackets or bare. Empty entries are passed over (RFC 9110 section 5.6.1).</param>
    /// <param name="client">The client so far. An entry that is no address leaves it at the proxy that sent the entry.</param>
    /// <returns>Whether the walk may go on in the field before: every entry so far was a trusted proxy.</returns>
    public bool Walk(ReadOnlySpan<byte> fieldValue, ref ClientAddress client)
    {
        while (Contains(client))
        {
            if (fieldValue.IsEmpty)
            {
                return true;
            }

            int comma = fieldValue.LastIndexOf((byte)',');
            ReadOnlySpan<byte> entry = fieldValue[(comma + 1)..].Trim(" \t"u8);
            fieldValue = fieldValue[..Math.Max(comma, 0)];
            if (entry.IsEmpty)
            {
                continue;
            }

            if (!ClientAddress.TryParse(AddressOf(entry), out ClientAddress before))
            {
                return false;
            }

            client = before;
        }

        return false;
    }

    /// <summary>The address in an entry: <c>192.0.2.1</c>, <c>192.0.2.1:80</c>, <c>2001:db8::1</c>, <c>[2001:db8::1]</c> or <c>[2001:db8::1]:80</c>. Empty if it is none of these.</summary>
    private static ReadOnlySpan<byte> AddressOf(ReadOnlySpan<byte> entry)
    {
        if (entry[0] == '[')
        {
            int end = entry.IndexOf((byte)']');
            bool wide = end > 0 && entry[1..end].Contains((byte)':');
            return wide && IsPortOrNothing(entry[(end + 1)..]) ? entry[1..end] : [];
        }

        int colon = entry.IndexOf((byte)':');
        if (colon < 0 || entry[(colon + 1)..].Contains((byte)':'))
        {
            return entry;
        }

        return IsPortOrNothing(entry[colon..]) ? entry[..colon] : [];
    }

    private static bool IsPortOrNothing(ReadOnlySpan<byte> text) =>
        text.IsEmpty || (text[0] == ':' && text.Length is >= 2 and <= 6 && !text[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));

    private static (bool IsIPv4, UInt128 First, UInt128 Last) RangeOf(IPNetwork network)
    {
        ClientAddress address = ClientAddress.FromBytes(network.BaseAddress.GetAddressBytes());
        int hostBits = (network.BaseAddress.GetAddressBytes().Length * 8) - network.PrefixLength;
        UInt128 hosts = hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        return (address.IsIPv4, address.Bits & ~hosts, address.Bits | hosts);
    }
}
