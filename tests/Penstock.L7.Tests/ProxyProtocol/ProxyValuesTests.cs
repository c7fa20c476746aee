// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Http1;
using Penstock.L7.ProxyProtocol;

namespace Penstock.L7.Tests.ProxyProtocol;

/// <summary>Values of PROXY headers that came.</summary>
public sealed class ProxyValuesTests
{
    // A client with TLS and a certificate that was verified.
    private static readonly byte[] s_ssl =
        [7, 0, 0, 0, 0, .. ProxyHeaders.Value(0x21, "TLSv1.3"u8.ToArray()), .. ProxyHeaders.Value(0x23, "X"u8.ToArray()), .. ProxyHeaders.Value(0x22, "John Doe"u8.ToArray())];

    [Fact]
    public void Read_EveryValue_IsKeptAndTold()
    {
        var identity = Read([
            .. ProxyHeaders.Value(1, "h2"u8.ToArray()), .. ProxyHeaders.Value(2, "a.test"u8.ToArray()), .. ProxyHeaders.Value(5, 7, 8), .. ProxyHeaders.Value(0x20, s_ssl), .. ProxyHeaders.Value(0xEE, 1),
        ]);

        Encoding.ASCII.GetString(identity.Alpn.Span).ShouldBe("h2");
        Encoding.ASCII.GetString(identity.Authority.Span).ShouldBe("a.test");
        identity.UniqueId.ToArray().ShouldBe([7, 8]);
        identity.Ssl.ToArray().ShouldBe(s_ssl);
        Said(identity).ShouldBe("authority=a.test alpn=h2 ssl=TLSv1.3 ssl_cn=0x4a6f686e20446f65 unique_id=0x0708");
    }

    [Fact]
    public void Read_NoValue_SaysNothing()
    {
        var identity = Read([]);

        identity.Alpn.IsEmpty.ShouldBeTrue();
        identity.Ssl.IsEmpty.ShouldBeTrue();
        Said(identity).ShouldBe("");
    }

    [Fact]
    public void Read_ClientWithoutTls_SaysNothingOfIt() => Said(Read(ProxyHeaders.Value(0x20, 0, 0, 0, 0, 1))).ShouldBe("");

    [Fact]
    public void Read_BrokenValuesOfTls_AreNone() => Said(Read(ProxyHeaders.Value(0x20, 1, 0, 0, 0, 0, 0x21, 0, 9, 1))).ShouldBe("");

    [Fact]
    public void Read_ValueThatIsNotToldOn_IsInTheLogAlone()
    {
        var identity = Read(ProxyHeaders.Value(2, Encoding.ASCII.GetBytes(new string('a', 256))));

        identity.Authority.IsEmpty.ShouldBeTrue();
        Said(identity).ShouldBe("authority=" + new string('a', 256));
    }

    private static ClientIdentity Read(byte[] values)
    {
        var bytes = ProxyHeaders.Tcp("192.0.2.1", 1, "192.0.2.2", 2, values);
        ProxyHeaderParser.Parse(bytes, out var header, out _).ShouldBe(ParseStatus.Done);
        return ProxyValues.Read(bytes, header);
    }

    private static string Said(ClientIdentity identity) => Encoding.ASCII.GetString(identity.Said.Span);
}
