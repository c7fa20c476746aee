// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Http1;
using Penstock.L7.ProxyProtocol;

namespace Penstock.L7.Tests.ProxyProtocol;

public sealed class ProxyHeaderParserTests
{
    private static readonly byte[] s_wide = ProxyHeaders.Tcp("2001:db8::1", 50000, "2001:db8::2", 443, ProxyHeaders.Value(5, 1, 2, 3));

    public static TheoryData<string, string> Rejected => new()
    {
        { "GET / HTTP/1.1\r\n", "missing" },
        { "P ", "missing" },
        { "proxy TCP4 ", "missing" },
        { "\r\n\r\n\0\r\nQUIT\r", "missing" },
        { "PROXY\tTCP4", "missing" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", "line_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX", "line_malformed" },
        { "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "line_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "line_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "line_malformed" },
        { "PROXY TCP4\r\n", "line_malformed" },
        { "PROXY \r\n", "line_malformed" },
        { "PROXY UNKNOWNX\r\n", "line_malformed" },
        { "PROXY UNKNOWN \0\r\n", "line_malformed" },
        { "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", "line_malformed" },
        { "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "line_malformed" },
        { "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "address_malformed" },
        { "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", "address_malformed" },
        { "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "address_malformed" },
        { "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "address_malformed" },
        { "PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", "address_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "port_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", "port_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n", "port_malformed" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n", "port_malformed" },
        { "PROXY UNKNOWN " + new string('x', 92) + "\r\n", "too_long" },
        { "PROXY UNKNOWN " + new string('x', 200), "too_long" },
    };

    [Theory]
    [MemberData(nameof(Rejected))]
    public void Line_NotToTheLetter_IsRejectedWithItsReason(string text, string reason)
    {
        Parse(Encoding.Latin1.GetBytes(text)).ShouldBe(reason);
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 65535 0\r\n", "192.0.2.1:65535 198.51.100.2:0")]
    [InlineData("PROXY TCP6 2001:DB8::1 ::2 1 443\r\n", "2001:db8::1:1 ::2:443")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 443\r\n", "192.0.2.1:1 192.0.2.2:443")]
    [InlineData("PROXY UNKNOWN\r\n", "nobody")]
    [InlineData("PROXY UNKNOWN ffff:f...f:ffff a b c\r\n", "nobody")]
    public void Line_Good_NamesTheClient(string text, string meaning)
    {
        Parse([.. Encoding.Latin1.GetBytes(text), .. "GET /"u8]).ShouldBe(meaning);
    }

    [Fact]
    public void Line_OfTheLongestLength_IsTaken() =>
        Parse(Encoding.Latin1.GetBytes("PROXY UNKNOWN " + new string('x', 107 - 14 - 2) + "\r\n")).ShouldBe("nobody");

    [Fact]
    public void Binary_Good_NamesTheClient()
    {
        Parse([.. ProxyHeaders.Tcp("192.0.2.1", 50000, "198.51.100.2", 443), .. "GET /"u8]).ShouldBe("192.0.2.1:50000 198.51.100.2:443");
        Parse(s_wide).ShouldBe("2001:db8::1:50000 2001:db8::2:443");
        Parse(ProxyHeaders.Binary(0x20, 0x00)).ShouldBe("nobody");
        Parse(ProxyHeaders.Binary(0x20, 0x77, 1, 2, 3)).ShouldBe("nobody"); // LOCAL: what follows means nothing
        Parse(ProxyHeaders.Binary(0x21, 0x00, 1, 2, 3)).ShouldBe("nobody");
        Parse(ProxyHeaders.Binary(0x21, 0x31, new byte[216])).ShouldBe("nobody");
        Parse(ProxyHeaders.Binary(0x21, 0x12, new byte[12])).ShouldBe("nobody"); // UDP
    }

    [Fact]
    public void Binary_Wrong_IsRejectedWithItsReason()
    {
        Parse(ProxyHeaders.Binary(0x11, 0x11, new byte[12])).ShouldBe("version_unsupported");
        Parse(ProxyHeaders.Binary(0x22, 0x11, new byte[12])).ShouldBe("command_unknown");
        Parse(ProxyHeaders.Binary(0x21, 0x13, new byte[12])).ShouldBe("family_unknown");
        Parse(ProxyHeaders.Binary(0x21, 0x41, new byte[12])).ShouldBe("family_unknown");
        Parse(ProxyHeaders.Binary(0x21, 0x10, new byte[12])).ShouldBe("family_unknown");
        Parse(ProxyHeaders.Binary(0x21, 0x11, new byte[11])).ShouldBe("addresses_truncated");
        Parse(ProxyHeaders.Binary(0x21, 0x21, new byte[35])).ShouldBe("addresses_truncated");
        Parse(ProxyHeaders.Binary(0x21, 0x31, new byte[215])).ShouldBe("addresses_truncated");
        Parse(ProxyHeaders.Binary(0x21, 0x11, new byte[(16 << 10) - 15])).ShouldBe("too_long");
    }

    [Fact]
    public void Values_OfAnyLength_AreCheckedAgainstTheHeadersEnd()
    {
        With(1, 0).ShouldBe("value_malformed");
        With(1, 0, 2, 9).ShouldBe("value_malformed");
        With(0xE0, 0xFF, 0xFF).ShouldBe("value_malformed");
        With(3, 0, 3, 1, 2, 3).ShouldBe("value_malformed");
        With([.. ProxyHeaders.Value(5, new byte[129])]).ShouldBe("value_malformed");
        With([.. ProxyHeaders.Value(0x20, 1, 2, 3, 4)]).ShouldBe("value_malformed");
        With([.. ProxyHeaders.Value(1, "h2"u8.ToArray()), .. ProxyHeaders.Value(0xEE), .. ProxyHeaders.Value(4, new byte[300])]).ShouldBe("192.0.2.1:1 192.0.2.2:2");
    }

    [Fact]
    public void Checksum_Present_IsVerified()
    {
        byte[] header = ProxyHeaders.WithChecksum(ProxyHeaders.Tcp("192.0.2.1", 1, "192.0.2.2", 2, ProxyHeaders.Value(2, "a.test"u8.ToArray())));

        Parse(header).ShouldBe("192.0.2.1:1 192.0.2.2:2");
        foreach (int i in Enumerable.Range(16, header.Length - 16).Except([header.Length - 7])) // There it would be a value of another type.
        {
            byte[] wrong = [.. header];
            wrong[i] ^= 0x10;
            Parse(wrong).ShouldBeOneOf("checksum_wrong", "value_malformed");
        }

        Parse(ProxyHeaders.WithChecksum(header)).ShouldBe("value_malformed"); // Two of them.
    }

    [Fact]
    public void UniqueId_Present_IsFound()
    {
        ProxyHeaderParser.Parse(s_wide, out var header, out _).ShouldBe(ParseStatus.Done);
        s_wide[header.UniqueId].ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Header_CutAnywhere_WaitsForTheRest()
    {
        foreach (byte[] whole in (byte[][])[s_wide, ProxyHeaders.Binary(0x20, 0), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"u8.ToArray(), "PROXY UNKNOWN\r\n"u8.ToArray()])
        {
            for (int length = 0; length < whole.Length; length++)
            {
                ProxyHeaderParser.Parse(whole.AsSpan(0, length), out _, out var rejection).ShouldBe(ParseStatus.NeedMore, $"{length}: {rejection}");
            }

            ProxyHeaderParser.Parse([.. whole, .. whole], out var header, out _).ShouldBe(ParseStatus.Done);
            header.Length.ShouldBe(whole.Length);
        }
    }

    [Fact]
    public void Noise_NearlyAHeader_MeansTheSameHoweverItArrives()
    {
        byte[][] seeds = [s_wide, ProxyHeaders.WithChecksum(s_wide), ProxyHeaders.Binary(0x20, 0), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"u8.ToArray(), "PROXY UNKNOWN x\r\n"u8.ToArray()];
        var random = new Random(6);
        for (int run = 0; run < 20_000; run++)
        {
            byte[] bytes = [.. seeds[random.Next(seeds.Length)], .. "tail"u8];
            for (int changes = random.Next(4); changes >= 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : "PROXY \r\n\0.:149"u8[random.Next(14)]);
            }

            ParseStatus whole = ProxyHeaderParser.Parse(bytes, out var header, out var rejection);
            header.Length.ShouldBeInRange(0, bytes.Length);
            int length = 0;
            ParseStatus status;
            ProxyHeader inPieces;
            ProxyHeaderRejection reason;
            do
            {
                status = ProxyHeaderParser.Parse(bytes.AsSpan(0, length), out inPieces, out reason);
            }
            while (status == ParseStatus.NeedMore && ++length <= bytes.Length);

            status.ShouldBe(whole);
            reason.ShouldBe(rejection);
            inPieces.Length.ShouldBe(header.Length);
        }
    }

    private static string With(params byte[] values) => Parse(ProxyHeaders.Tcp("192.0.2.1", 1, "192.0.2.2", 2, values));

    private static string Parse(byte[] bytes) => ProxyHeaderParser.Parse(bytes, out var header, out var rejection) switch
    {
        ParseStatus.Done when header.Source.IsNone => "nobody",
        ParseStatus.Done => $"{header.Source}:{header.SourcePort} {header.Destination}:{header.DestinationPort}",
        ParseStatus.Rejected => ProxyHeaderRejections.Token(rejection),
        _ => "more",
    };
}
