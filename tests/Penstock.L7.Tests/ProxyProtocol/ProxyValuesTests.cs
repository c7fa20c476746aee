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

    /// <summary>A header has 16 KiB; a connection that lies there for hours is not to hold them, nor twice as many in hexadecimal.</summary>
    [Theory]
    [InlineData(1, 16000)]
    [InlineData(2, 16000)]
    [InlineData(1, 1100)]
    [InlineData(2, 2100)]
    public void Read_ValueThatIsTooLong_IsLeftOutWholeAndCounted(int type, int length)
    {
        var identity = Read([.. ProxyHeaders.Value((byte)type, new byte[length]), .. ProxyHeaders.Value(5, "id"u8.ToArray())], out var leftOut);

        Held(identity).ShouldBe("id".Length + "unique_id=id".Length);
        Said(identity).ShouldBe("unique_id=id");
        leftOut.ShouldBe(2, "it is neither told nor logged");
    }

    [Fact]
    public void Read_ValuesThatAreEachAllowed_AreHeldUpToTheBound()
    {
        byte[] ssl = [7, 0, 0, 0, 0, .. ProxyHeaders.Value(0x22, [.. Enumerable.Repeat((byte)'c', 1016)])];
        ssl.Length.ShouldBe(ProxyHeaderWriter.MaxSslLength);

        var identity = Read(
            [.. ProxyHeaders.Value(1, new byte[255]), .. ProxyHeaders.Value(2, [.. Enumerable.Repeat((byte)'a', 255)]), .. ProxyHeaders.Value(5, new byte[128]), .. ProxyHeaders.Value(0x20, ssl)],
            out var leftOut);

        Said(identity).ShouldBe("authority=" + new string('a', 255));
        Held(identity).ShouldBeLessThanOrEqualTo(ProxyValues.MaxKeptLength);
        (identity.Alpn.Length, identity.UniqueId.Length, identity.Ssl.Length).ShouldBe((255, 128, 1024));
        leftOut.ShouldBe(3, "the log has no room for alpn, ssl_cn and unique_id");
    }

    private static int Held(ClientIdentity identity) => identity.UniqueId.Length + identity.Alpn.Length + identity.Authority.Length + identity.Ssl.Length + identity.Said.Length;

    private static ClientIdentity Read(byte[] values) => Read(values, out _);

    private static ClientIdentity Read(byte[] values, out int leftOut)
    {
        var bytes = ProxyHeaders.Tcp("192.0.2.1", 1, "192.0.2.2", 2, values);
        ProxyHeaderParser.Parse(bytes, out var header, out _).ShouldBe(ParseStatus.Done);
        return ProxyValues.Read(bytes, header, out leftOut);
    }

    private static string Said(ClientIdentity identity) => Encoding.ASCII.GetString(identity.Said.Span);
}
