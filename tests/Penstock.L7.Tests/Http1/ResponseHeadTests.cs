// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class ResponseHeadTests
{
    [Fact]
    public void Parse_TypicalResponse_GivesItsParts()
    {
        ResponseHead head = Wire.Response("HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 12\r\n\r\n");

        head.Status.ShouldBe(404);
        Wire.Text(head.ReasonPhrase).ShouldBe("Not Found");
        head.Framing.ShouldBe(BodyFraming.Length);
        head.ContentLength.ShouldBe(12);
        head.KeepAlive.ShouldBeTrue();
        head.IsInterim.ShouldBeFalse();
    }

    // RFC 9112 section 6.3, in its order.
    [Theory]
    [InlineData("HEAD", "200", "Content-Length: 5\r\n", "None", 5, true)]
    [InlineData("HEAD", "200", "Transfer-Encoding: chunked\r\n", "None", -1, true)]
    [InlineData("GET", "100", "", "None", -1, true)]
    [InlineData("GET", "101", "Connection: upgrade\r\nUpgrade: x\r\n", "None", -1, true)]
    [InlineData("GET", "204", "", "None", -1, true)]
    [InlineData("GET", "204", "Content-Length: 0\r\n", "None", -1, true)]
    [InlineData("GET", "304", "Content-Length: 5\r\n", "None", 5, true)]
    [InlineData("CONNECT", "200", "Content-Length: 5\r\n", "None", -1, true)]
    [InlineData("CONNECT", "403", "Content-Length: 5\r\n", "Length", 5, true)]
    [InlineData("GET", "200", "Transfer-Encoding: chunked\r\n", "Chunked", -1, true)]
    [InlineData("GET", "200", "Content-Length: 0\r\n", "Length", 0, true)]
    [InlineData("GET", "200", "Connection: close\r\nContent-Length: 0\r\n", "Length", 0, false)]
    [InlineData("GET", "200", "", "UntilClose", -1, false)]
    public void Parse_MethodStatusAndFields_DecideTheFraming(string method, string status, string fields, string framing, long length, bool keepAlive)
    {
        ResponseHead head = Wire.Response($"HTTP/1.1 {status} X\r\n{fields}\r\n", HttpMethods.Parse(Wire.Bytes(method)));

        head.Framing.ShouldBe(Enum.Parse<BodyFraming>(framing));
        head.ContentLength.ShouldBe(length);
        head.KeepAlive.ShouldBe(keepAlive);
    }

    [Theory]
    [InlineData("HTTP/1.1 200\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 200 \r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 599 \t\xfc!\r\n\r\n", 599, "\t\xfc!")]
    [InlineData("HTTP/1.0 100 a b\r\n\r\n", 100, "a b")]
    public void Parse_StatusLines_OfEveryValidShape(string text, int status, string reason)
    {
        ResponseHead head = Wire.Response(text);

        head.Status.ShouldBe(status);
        Wire.Text(head.ReasonPhrase).ShouldBe(reason);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nX: y\n\n", nameof(RejectReason.BareLf))]
    [InlineData("HTTP/1.1 200 OK\r\nX: y\rz\r\n\r\n", nameof(RejectReason.BareCr))]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n", nameof(RejectReason.EmptyLine))]
    [InlineData("HTTP/1.1\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 \r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 20\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 200OK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 200\tOK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1\t200 OK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n", nameof(RejectReason.StatusLineMalformed))]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n", nameof(RejectReason.StatusOutOfRange))]
    [InlineData("HTTP/1.1 600 OK\r\n\r\n", nameof(RejectReason.StatusOutOfRange))]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", nameof(RejectReason.VersionUnsupported))]
    [InlineData("http/1.1 200 OK\r\n\r\n", nameof(RejectReason.VersionMalformed))]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", nameof(RejectReason.VersionMalformed))]
    [InlineData("HTTP/1.1 200 O\0K\r\n\r\n", nameof(RejectReason.Nul))]
    [InlineData("HTTP/1.1 200 OK\r\nX: \x1b\r\n\r\n", nameof(RejectReason.ControlByte))]
    [InlineData("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", nameof(RejectReason.SpaceBeforeColon))]
    [InlineData("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", nameof(RejectReason.ObsFold))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", nameof(RejectReason.ContentLengthDuplicate))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", nameof(RejectReason.ContentLengthMalformed))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\n", nameof(RejectReason.ContentLengthOverflow))]
    [InlineData("HTTP/1.1 304 OK\r\nContent-Length: x\r\n\r\n", nameof(RejectReason.ContentLengthMalformed))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(RejectReason.ContentLengthWithTransferEncoding))]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", nameof(RejectReason.TransferEncodingUnsupported))]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(RejectReason.TransferEncodingInHttp10))]
    [InlineData("HTTP/1.1 204 OK\r\nContent-Length: 1\r\n\r\n", nameof(RejectReason.FramingNotAllowed))]
    [InlineData("HTTP/1.1 101 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(RejectReason.FramingNotAllowed))]
    public void Parse_BrokenResponse_IsRejected(string text, string expected)
    {
        var head = new ResponseHead();

        head.Parse(new ReadOnlySequence<byte>(Wire.Bytes(text)), Wire.Limits, HttpMethodKind.Get, out _, out _).ShouldBe(ParseStatus.Rejected);

        head.Rejection.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Parse_InterimThenFinal_OneAfterTheOther()
    {
        var input = new ReadOnlySequence<byte>(Wire.Bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        var head = new ResponseHead();

        head.Parse(input, Wire.Limits, HttpMethodKind.Get, out SequencePosition consumed, out _).ShouldBe(ParseStatus.Done);
        head.IsInterim.ShouldBeTrue();
        head.Reset();
        head.Parse(input.Slice(consumed), Wire.Limits, HttpMethodKind.Get, out consumed, out _).ShouldBe(ParseStatus.Done);

        head.Status.ShouldBe(200);
        input.Slice(consumed).IsEmpty.ShouldBeTrue();
    }
}
