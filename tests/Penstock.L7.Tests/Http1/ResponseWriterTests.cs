// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class ResponseWriterTests
{
    private const string Date = "Sun, 06 Nov 1994 08:49:37 GMT";

    private static string Write(string text, int clientVersion = 11, bool keepAlive = true, BodyFraming? framing = null, string upgrade = "")
    {
        ResponseHead head = Wire.Response(text);
        var output = new ArrayBufferWriter<byte>();
        ResponseWriter.Write(output, head, new ResponseForwarding
        {
            ClientVersion = clientVersion,
            Framing = framing ?? head.Framing,
            ContentLength = head.ContentLength,
            KeepAlive = keepAlive,
            ViaName = "penstock"u8,
            Upgrade = Wire.Bytes(upgrade),
            Date = Wire.Bytes(Date),
        });
        return Wire.Text(output.WrittenSpan);
    }

    [Fact]
    public void Write_PlainResponse_IsThisToTheByte() =>
        Write("HTTP/1.1 200 Fine\r\nContent-Length: 05\r\nETag:\"x\"\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n").ShouldBe(
            "HTTP/1.1 200 Fine\r\nETag: \"x\"\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nDate: " + Date + "\r\nVia: 1.1 penstock\r\nContent-Length: 5\r\n\r\n");

    [Fact]
    public void Write_HopByHopFieldsAndOldVersion_AreNotPassedOn() =>
        Write("HTTP/1.0 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: max=5\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nDate: d\r\nVia: 1.0 o\r\nContent-Length: 0\r\n\r\n")
            .ShouldBe("HTTP/1.1 200 OK\r\nDate: d\r\nVia: 1.0 o, 1.0 penstock\r\nContent-Length: 0\r\n\r\n");

    [Theory]
    [InlineData(11, true, "")]
    [InlineData(11, false, "Connection: close\r\n")]
    [InlineData(10, true, "Connection: keep-alive\r\n")]
    [InlineData(10, false, "Connection: close\r\n")]
    public void Write_KeepAlive_IsSaidWhereTheVersionDoesNot(int version, bool keepAlive, string line) =>
        Write("HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 0\r\n\r\n", version, keepAlive)
            .ShouldBe("HTTP/1.1 200 OK\r\nDate: d\r\nVia: 1.1 penstock\r\n" + line + "Content-Length: 0\r\n\r\n");

    [Fact]
    public void Write_ChunkedToHttp10_HasNoFraming() =>
        Write("HTTP/1.1 200 OK\r\nDate: d\r\nTrailer: x\r\nTransfer-Encoding: chunked\r\n\r\n", 10, keepAlive: false, framing: BodyFraming.UntilClose)
            .ShouldBe("HTTP/1.1 200 OK\r\nDate: d\r\nVia: 1.1 penstock\r\nConnection: close\r\n\r\n");

    [Fact]
    public void Write_NotModified_KeepsItsContentLength() =>
        Write("HTTP/1.1 304 Not Modified\r\nDate: d\r\nContent-Length: 99\r\n\r\n").ShouldEndWith("Content-Length: 99\r\n\r\n");

    [Fact]
    public void Write_ProxyStatus_IsPassedOn() =>
        Write("HTTP/1.1 200 OK\r\nDate: d\r\nProxy-Status: o\r\nContent-Length: 0\r\n\r\n")
            .ShouldBe("HTTP/1.1 200 OK\r\nDate: d\r\nProxy-Status: o\r\nVia: 1.1 penstock\r\nContent-Length: 0\r\n\r\n");

    [Fact]
    public void Write_SwitchingProtocols_NamesTheProtocol() =>
        Write("HTTP/1.1 101 Switching Protocols\r\nDate: d\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", upgrade: "websocket")
            .ShouldEndWith("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");

    [Fact]
    public void WriteInterim_EarlyHints_KeepsFieldsWithoutFraming()
    {
        ResponseHead head = Wire.Response("HTTP/1.1 103 Early Hints\r\nConnection: close\r\nLink: </a>\r\nContent-Length: 0\r\n\r\n");
        var output = new ArrayBufferWriter<byte>();

        ResponseWriter.WriteInterim(output, head, new ResponseForwarding { ViaName = "penstock"u8 });

        Wire.Text(output.WrittenSpan).ShouldBe("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nVia: 1.1 penstock\r\n\r\n");
    }

    [Theory]
    [InlineData(false, 11, true, "Content-Length: 4\r\n\r\noops")]
    [InlineData(true, 11, true, "Content-Length: 4\r\n\r\n")]
    [InlineData(false, 0, false, "Connection: close\r\nContent-Length: 4\r\n\r\noops")]
    [InlineData(false, 10, true, "Connection: keep-alive\r\nContent-Length: 4\r\n\r\noops")]
    public void LocalResponse_Error_IsComplete(bool headOnly, int version, bool keepAlive, string end)
    {
        var output = new ArrayBufferWriter<byte>();

        LocalResponse.Write(output, new LocalAnswer
        {
            Status = 502,
            ContentType = "text/plain"u8,
            Body = "oops"u8,
            HeadOnly = headOnly,
            ClientVersion = version,
            KeepAlive = keepAlive,
            Date = Wire.Bytes(Date),
            ProxyStatus = "penstock; error=x"u8,
        });

        Wire.Text(output.WrittenSpan).ShouldBe(
            "HTTP/1.1 502 Bad Gateway\r\nDate: " + Date + "\r\nContent-Type: text/plain\r\nProxy-Status: penstock; error=x\r\n" + end);
    }

    [Fact]
    public void LocalResponse_ControlByteInLocation_IsRefused() =>
        Should.Throw<ArgumentException>(() => LocalResponse.Write(new ArrayBufferWriter<byte>(), new LocalAnswer { Status = 302, Location = "/a\r\nX: y"u8 }));

    [Fact]
    public void LocalResponse_NoContent_HasNoLength()
    {
        var output = new ArrayBufferWriter<byte>();

        LocalResponse.Write(output, new LocalAnswer { Status = 204, KeepAlive = true, ClientVersion = 11 });

        Wire.Text(output.WrittenSpan).ShouldBe("HTTP/1.1 204 No Content\r\n\r\n");
    }

    [Fact]
    public void HttpDate_Now_IsAnImfFixdateOfTheClock()
    {
        var date = new HttpDate(new FixedTime(new DateTimeOffset(1994, 11, 6, 8, 49, 37, 999, TimeSpan.Zero)));

        Wire.Text(date.Now()).ShouldBe(Date);
        Wire.Text(date.Now()).ShouldBe(Date);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
