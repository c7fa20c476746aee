// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Admission;
using Penstock.L7.Http1;
using Penstock.L7.ProxyProtocol;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.ProxyProtocol;

public sealed class ProxyHeaderWriterTests
{
    [Theory]
    [InlineData("192.0.2.1", "198.51.100.2", "PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n")]
    [InlineData("2001:db8::1", "2001:db8::2", "PROXY TCP6 2001:db8::1 2001:db8::2 50000 443\r\n")]
    [InlineData("192.0.2.1", "2001:db8::2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 50000 443\r\n")]
    [InlineData("", "", "PROXY UNKNOWN\r\n")]
    public void Line_OfAClient_IsAsTheProtocolSays(string source, string destination, string line)
    {
        Encoding.ASCII.GetString(Write(ProxyProtocolVersion.V1, source, destination, [])).ShouldBe(line);
    }

    [Fact]
    public void Binary_OfAClient_IsAsTheProtocolSays()
    {
        Write(ProxyProtocolVersion.V2, "192.0.2.1", "198.51.100.2", [7, 8]).ShouldBe(ProxyHeaders.Tcp("192.0.2.1", 50000, "198.51.100.2", 443, ProxyHeaders.Value(5, 7, 8)));
        Write(ProxyProtocolVersion.V2, "2001:db8::1", "2001:db8::2", []).ShouldBe(ProxyHeaders.Tcp("2001:db8::1", 50000, "2001:db8::2", 443));
        Write(ProxyProtocolVersion.V2, "", "", [7]).ShouldBe(ProxyHeaders.Binary(0x21, 0));
    }

    [Fact]
    public void Values_OfAClient_AreSaidInV2Alone()
    {
        var client = new ClientIdentity
        {
            Source = Address("192.0.2.1"),
            SourcePort = 50000,
            Destination = Address("198.51.100.2"),
            DestinationPort = 443,
            Alpn = "h2"u8.ToArray(),
            Authority = "a.test"u8.ToArray(),
            UniqueId = new byte[] { 7, 8 },
            Ssl = new byte[] { 1, 0, 0, 0, 1 },
        };

        Write(ProxyProtocolVersion.V2, client).ShouldBe(ProxyHeaders.Tcp(
            "192.0.2.1", 50000, "198.51.100.2", 443,
            [.. ProxyHeaders.Value(1, "h2"u8.ToArray()), .. ProxyHeaders.Value(2, "a.test"u8.ToArray()), .. ProxyHeaders.Value(5, 7, 8), .. ProxyHeaders.Value(0x20, 1, 0, 0, 0, 1)]));
        Encoding.ASCII.GetString(Write(ProxyProtocolVersion.V1, client)).ShouldBe("PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n");
    }

    [Fact]
    public void Values_OfTheGreatestLength_FitIntoAHeader()
    {
        var client = new ClientIdentity
        {
            Source = Address("2001:db8::1"),
            Destination = Address("2001:db8::2"),
            Alpn = new byte[ProxyHeaderWriter.MaxValueLength],
            Authority = new byte[ProxyHeaderWriter.MaxValueLength],
            UniqueId = new byte[ProxyHeaderParser.MaxUniqueIdLength],
            Ssl = new byte[ProxyHeaderWriter.MaxSslLength],
        };

        Write(ProxyProtocolVersion.V2, client).Length.ShouldBe(ProxyHeaderWriter.MaxLength);
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1)]
    [InlineData(ProxyProtocolVersion.V2)]
    public void Header_OfEitherVersion_IsReadBack(ProxyProtocolVersion version)
    {
        byte[] bytes = Write(version, "2001:db8::1", "198.51.100.2", new byte[ProxyHeaderParser.MaxUniqueIdLength]);

        ProxyHeaderParser.Parse(bytes, out var header, out _).ShouldBe(ParseStatus.Done);

        (header.Length, header.Source.ToString(), header.SourcePort).ShouldBe((bytes.Length, "2001:db8::1", 50000));
        (header.Destination.ToString(), header.DestinationPort).ShouldBe(("198.51.100.2", 443));
    }

    private static byte[] Write(ProxyProtocolVersion version, string source, string destination, byte[] uniqueId) =>
        Write(version, new ClientIdentity { Source = Address(source), SourcePort = 50000, Destination = Address(destination), DestinationPort = 443, UniqueId = uniqueId });

    private static byte[] Write(ProxyProtocolVersion version, ClientIdentity client)
    {
        byte[] buffer = new byte[ProxyHeaderWriter.MaxLength];
        return buffer[..ProxyHeaderWriter.Write(buffer, version, client)];
    }

    private static ClientAddress Address(string text) =>
        text.Length > 0 && ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var address) ? address : default;
}
