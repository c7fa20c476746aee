// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class RequestWriterTests
{
    private static string Write(string text, bool trusted = false, bool keepAlive = true, bool upgrade = false, string path = "", string host = "")
    {
        RequestHead head = Wire.Request(text);
        var output = new ArrayBufferWriter<byte>();
        int written = RequestWriter.Write(output, head, new RequestForwarding
        {
            Path = Wire.Bytes(path),
            Host = Wire.Bytes(host),
            ClientAddress = "192.0.2.7"u8,
            Proto = "https"u8,
            OriginalHost = head.Authority,
            PeerTrusted = trusted,
            RequestId = "id-1"u8,
            ViaName = "penstock"u8,
            Framing = head.Framing,
            ContentLength = head.ContentLength,
            KeepAlive = keepAlive,
            ExpectContinue = head.ExpectContinue,
            Upgrade = upgrade ? head.Upgrade : default,
        });
        written.ShouldBe(output.WrittenCount);
        return Wire.Text(output.WrittenSpan);
    }

    [Fact]
    public void Write_PlainRequest_IsThisToTheByte() =>
        Write("GET /a?b HTTP/1.1\r\nAccept:*/*\r\nHost:  Shop.example \r\nX-A:\t1\t\r\n\r\n").ShouldBe(
            "GET /a?b HTTP/1.1\r\nHost: Shop.example\r\nAccept: */*\r\nX-A: 1\r\n"
            + "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: Shop.example\r\nVia: 1.1 penstock\r\nX-Request-Id: id-1\r\n\r\n");

    [Fact]
    public void Write_HopByHopFields_AreRemoved()
    {
        string written = Write(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop, x-other\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
            + "Proxy-Authorization: Basic x\r\nTE: gzip\r\nUpgrade: websocket\r\nHTTP2-Settings: x\r\nTrailer: x\r\nProxy: evil\r\nX-End: 2\r\nx-OTHER: 3\r\n\r\n");

        written.ShouldStartWith("GET / HTTP/1.1\r\nHost: a\r\nX-End: 2\r\nX-Forwarded-For: ");
        written.ShouldNotContain("Connection", Case.Insensitive);
    }

    [Fact]
    public void Write_ConnectionNamesFieldsOfTheProxy_TheyStay()
    {
        string written = Write(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nVia: 1.0 x\r\nX-Forwarded-For: 1.1.1.1\r\n"
            + "Connection: Host, Content-Length, Via, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id\r\n\r\n",
            trusted: true);

        written.ShouldContain("Host: a\r\n");
        written.ShouldContain("Content-Length: 0\r\n");
        written.ShouldContain("Via: 1.0 x, 1.1 penstock\r\n");
        written.ShouldContain("X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n");
        written.ShouldContain("X-Forwarded-Proto: https\r\n");
        written.ShouldContain("X-Request-Id: id-1\r\n");
    }

    private const string Claims = "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\n"
        + "X-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: theirs\r\nX_Forwarded_For: 8.8.8.8\r\n";

    [Fact]
    public void Write_ClaimsOfAnUntrustedPeer_AreReplaced()
    {
        string written = Write("GET / HTTP/1.1\r\nHost: a\r\n" + Claims + "\r\n");

        written.ShouldBe("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\nVia: 1.1 penstock\r\nX-Request-Id: id-1\r\n\r\n");
    }

    [Fact]
    public void Write_ClaimsOfATrustedPeer_AreKept()
    {
        string written = Write("GET / HTTP/1.1\r\nHost: a\r\n" + Claims + "\r\n", trusted: true);

        written.ShouldBe(
            "GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6, 7.7.7.7, 192.0.2.7\r\n"
            + "X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\nVia: 1.1 penstock\r\nX-Request-Id: id-1\r\n\r\n");
    }

    [Fact]
    public void Write_AbsoluteForm_BecomesOriginFormWithItsHost() =>
        Write("GET http://b.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n").ShouldStartWith("GET /p?q HTTP/1.1\r\nHost: b.example:81\r\nX-Forwarded-For");

    [Fact]
    public void Write_ReplacedPathAndHost_KeepTheQuery() =>
        Write("GET /api/x?q HTTP/1.1\r\nHost: a\r\n\r\n", path: "/x", host: "origin:8080").ShouldStartWith("GET /x?q HTTP/1.1\r\nHost: origin:8080\r\n");

    [Theory]
    [InlineData("TE: trailers, deflate;q=0.5\r\n", true, "TE: trailers\r\nConnection: te\r\n")]
    [InlineData("TE: trailers\r\n", false, "TE: trailers\r\nConnection: close, te\r\n")]
    [InlineData("TE: deflate\r\n", true, "X-Request-Id: id-1\r\n")]
    [InlineData("", false, "Connection: close\r\n")]
    [InlineData("Connection: upgrade\r\nUpgrade: websocket\r\n", true, "Upgrade: websocket\r\nConnection: upgrade\r\n")]
    [InlineData("Connection: upgrade\r\nUpgrade: h2c\r\n", true, "X-Request-Id: id-1\r\n")]
    public void Write_ConnectionOptions_AreTheProxysOwn(string fields, bool keepAlive, string end) =>
        Write("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", keepAlive: keepAlive, upgrade: true).ShouldEndWith(end + "\r\n");

    [Theory]
    [InlineData("Content-Length: 007\r\n", "Content-Length: 7\r\n")]
    [InlineData("transfer-encoding: CHUNKED\r\nTrailer: X-T\r\n", "Transfer-Encoding: chunked\r\n")]
    [InlineData("Content-Length: 7\r\nExpect: 100-continue\r\n", "Expect: 100-continue\r\nContent-Length: 7\r\n")]
    public void Write_Framing_ComesFromWhatWasParsed(string fields, string end) =>
        Write("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").ShouldEndWith(end + "\r\n");

    [Fact]
    public void Write_Http10Client_IsNamedInVia() => Write("GET / HTTP/1.0\r\nHost: a\r\n\r\n").ShouldContain("Via: 1.0 penstock\r\n");

    [Fact]
    public void Write_MaxForwards_IsLowered() =>
        Write("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n").ShouldContain("Max-Forwards: 2\r\n");
}
