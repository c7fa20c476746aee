// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;
using Penstock.L7.Http1;
using Penstock.L7.Http2;

namespace Penstock.L7.Tests.Http2;

/// <summary>Requests as decoded fields, and what would smuggle something into an HTTP/1.1 connection behind.</summary>
public sealed class RequestFieldsTests
{
    private static readonly HeadLimits Limits = new(LineBytes: 256, HeadBytes: 2048, FieldCount: 10);

    private static readonly string[] Get = [":method: GET", ":scheme: https", ":authority: Shop.example.com:8443", ":path: /a/b?c=d"];

    public static TheoryData<string, string> Refused => new()
    {
        // Names and values that would end a line, a name, or a value (RFC 9113 sections 8.2 and 10.3).
        { "x: a\rb", nameof(RejectReason.BareCr) },
        { "x: a\nb", nameof(RejectReason.BareLf) },
        { "x: a\r\nTransfer-Encoding: chunked", nameof(RejectReason.BareCr) },
        { "x: a\0b", nameof(RejectReason.Nul) },
        { "x: a\u0001b", nameof(RejectReason.ControlByte) },
        { "x: a\u007f", nameof(RejectReason.ControlByte) },
        { "x:  a", nameof(RejectReason.FieldValuePadded) },
        { "x: a ", nameof(RejectReason.FieldValuePadded) },
        { "x: \ta", nameof(RejectReason.FieldValuePadded) },
        { "x\r\nhost: evil", nameof(RejectReason.FieldNameMalformed) },
        { "x y: a", nameof(RejectReason.FieldNameMalformed) },
        { "x\0: a", nameof(RejectReason.FieldNameMalformed) },
        { "x:y: a", nameof(RejectReason.FieldNameMalformed) },
        { "xé: a", nameof(RejectReason.FieldNameMalformed) },
        { "X-Upper: a", nameof(RejectReason.FieldNameUppercase) },
        { "hosT: shop.example.com", nameof(RejectReason.FieldNameUppercase) },

        // Fields about an HTTP/1.1 connection (RFC 9113 section 8.2.2).
        { "connection: close", nameof(RejectReason.FieldNotAllowed) },
        { "proxy-connection: keep-alive", nameof(RejectReason.FieldNotAllowed) },
        { "keep-alive: 5", nameof(RejectReason.FieldNotAllowed) },
        { "transfer-encoding: chunked", nameof(RejectReason.FieldNotAllowed) },
        { "upgrade: websocket", nameof(RejectReason.FieldNotAllowed) },
        { "te: gzip", nameof(RejectReason.TeNotAllowed) },
        { "te: trailers, gzip", nameof(RejectReason.TeNotAllowed) },

        // Pseudo-fields behind others, once more, or unknown (RFC 9113 section 8.3).
        { ":path: /other", nameof(RejectReason.PseudoFieldRepeated) },
        { ":status: 200", nameof(RejectReason.PseudoFieldUnknown) },
        { ":protocol: websocket", nameof(RejectReason.PseudoFieldUnknown) },
        { "host: evil.example.com", nameof(RejectReason.AuthorityMismatch) },
        { "content-length: 1", nameof(RejectReason.ContentLengthMismatch) },
        { "content-length: +0", nameof(RejectReason.ContentLengthMalformed) },
        { "content-length: 0, 0", nameof(RejectReason.ContentLengthMalformed) },
        { "expect: something", nameof(RejectReason.ExpectationUnknown) },
    };

    public static TheoryData<string[], string> RefusedHeads => new()
    {
        { [":method: GET", ":scheme: https", ":path: /"], nameof(RejectReason.HostMissing) },
        { [":scheme: https", ":authority: a", ":path: /"], nameof(RejectReason.PseudoFieldMissing) },
        { [":method: GET", ":authority: a", ":path: /"], nameof(RejectReason.PseudoFieldMissing) },
        { [":method: GET", ":scheme: https", ":authority: a"], nameof(RejectReason.PseudoFieldMissing) },
        { [":method: GET", ":scheme: https", "host: a", ":path: /"], nameof(RejectReason.PseudoFieldLate) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: "], nameof(RejectReason.TargetMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: a"], nameof(RejectReason.TargetMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: http://a/"], nameof(RejectReason.TargetMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /a b"], nameof(RejectReason.TargetMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: / HTTP/1.1\r\nHost: evil"], nameof(RejectReason.TargetMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /a#b"], nameof(RejectReason.TargetFragment) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /%0"], nameof(RejectReason.TargetPercentEncoding) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: *"], nameof(RejectReason.TargetFormNotAllowed) },
        { [":method: G T", ":scheme: https", ":authority: a", ":path: /"], nameof(RejectReason.MethodMalformed) },
        { [":method: GET / HTTP/1.1\r\nX: y", ":scheme: https", ":authority: a", ":path: /"], nameof(RejectReason.MethodMalformed) },
        { [":method: ", ":scheme: https", ":authority: a", ":path: /"], nameof(RejectReason.MethodMalformed) },
        { [":method: GET", ":scheme: ftp", ":authority: a", ":path: /"], nameof(RejectReason.TargetSchemeUnsupported) },
        { [":method: GET", ":scheme: http://x/?", ":authority: a", ":path: /"], nameof(RejectReason.TargetSchemeUnsupported) },
        { [":method: GET", ":scheme: https", ":authority: user@a", ":path: /"], nameof(RejectReason.TargetUserinfo) },
        { [":method: GET", ":scheme: https", ":authority: a b", ":path: /"], nameof(RejectReason.TargetAuthorityMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a\r\nX: y", ":path: /"], nameof(RejectReason.TargetAuthorityMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /", "host: a", "host: a"], nameof(RejectReason.HostRepeated) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /", "content-length: 0", "content-length: 0"], nameof(RejectReason.ContentLengthDuplicate) },
        { [":method: CONNECT", ":authority: a:1", ":path: /"], nameof(RejectReason.PseudoFieldMissing) },
        { [":method: CONNECT", ":authority: a"], nameof(RejectReason.TargetAuthorityMalformed) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /" + new string('x', 256)], nameof(RejectReason.RequestLineTooLong) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /", "x: " + new string('x', 2048)], nameof(RejectReason.HeadTooLarge) },
        { [":method: GET", ":scheme: https", ":authority: a", ":path: /", .. Enumerable.Range(0, 11).Select(i => $"x{i}: y")], nameof(RejectReason.TooManyFields) },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Head_FieldThatMustNotBe_IsRefused(string line, string expected) => Read([.. Get, line]).Rejection.ToString().ShouldBe(expected);

    [Theory]
    [MemberData(nameof(RefusedHeads))]
    public void Head_Malformed_IsRefused(string[] lines, string expected) => Read(lines).Rejection.ToString().ShouldBe(expected);

    [Fact]
    public void Head_Request_IsReadAsOneOfHttp11()
    {
        var head = Read([.. Get, "host: shop.example.com:8443", "te: trailers", "user-agent: x", "cookie: a=1", "accept: */*", "cookie: b=2", "cookie: c=3"]);

        head.Rejection.ShouldBe(RejectReason.None);
        Text(head.Method).ShouldBe("GET");
        head.MethodKind.ShouldBe(HttpMethodKind.Get);
        Text(head.Target).ShouldBe("/a/b?c=d");
        Text(head.Path).ShouldBe("/a/b");
        Text(head.Query).ShouldBe("?c=d");
        Text(head.Host).ShouldBe("shop.example.com");
        Text(head.Authority).ShouldBe("Shop.example.com:8443");
        head.Version.ShouldBe(20);
        head.Framing.ShouldBe(BodyFraming.None);
        head.AcceptsTrailers.ShouldBeTrue();
        head.KeepAlive.ShouldBeTrue();
        head.TryGet(KnownHeader.Cookie, out var cookie).ShouldBeTrue();
        Text(cookie).ShouldBe("a=1; b=2; c=3");
    }

    [Fact]
    public void Head_WrittenForAnEndpoint_IsHttp11()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();

        RequestWriter.Write(output, Read([.. Get, "cookie: a=1", "x_y: z", "x-forwarded-for: 1.2.3.4", "cookie: b=2", "te: trailers"], ended: false), new RequestForwarding
        {
            ClientAddress = "192.0.2.1"u8,
            Proto = "https"u8,
            ViaName = "lb1"u8,
            Framing = BodyFraming.Chunked,
            KeepAlive = true,
        });

        Text(output.WrittenSpan).ShouldBe(
            "GET /a/b?c=d HTTP/1.1\r\nHost: Shop.example.com:8443\r\ncookie: a=1; b=2\r\nx_y: z\r\nX-Forwarded-For: 192.0.2.1\r\n"
            + "X-Forwarded-Proto: https\r\nVia: 2.0 lb1\r\nTE: trailers\r\nConnection: te\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    [Theory]
    [InlineData(false, "x-forwarded-for: 192.0.2.1 | x-forwarded-proto: https | x-forwarded-host: a | x-forwarded-client-cert: Hash=own")]
    [InlineData(true, "forwarded: for=6.6.6.6 | x-forwarded-port: 1 | x-real-ip: 6.6.6.6 | x-forwarded-for: 6.6.6.6, 7.7.7.7, 192.0.2.1 | x-forwarded-proto: gopher | x-forwarded-host: evil | x-forwarded-client-cert: Hash=told, Hash=own")]
    public void Head_WrittenForAnEndpointOfHttp2_HasClaimsOfTrustedPeersOnly(bool trusted, string expected)
    {
        string[] claims =
        [
            "forwarded: for=6.6.6.6", "x-forwarded-for: 6.6.6.6", "x-forwarded-for: 7.7.7.7", "x-forwarded-proto: gopher", "x-forwarded-host: evil",
            "x-forwarded-client-cert: Hash=told", "x-forwarded-port: 1", "x-real-ip: 6.6.6.6", "x-request-id: theirs", "x_forwarded_for: 8.8.8.8",
        ];
        var block = new FieldBlock();

        RequestFields.WriteHead(
            block,
            Read([":method: GET", ":scheme: https", ":authority: a", ":path: /", .. claims]),
            new RequestForwarding
            {
                ClientAddress = "192.0.2.1"u8,
                Proto = "https"u8,
                ClientCertificate = "Hash=own"u8,
                OriginalHost = "a"u8,
                PeerTrusted = trusted,
                RequestId = "id-1"u8,
                ViaName = "lb1"u8,
                Framing = BodyFraming.None,
            },
            "http"u8);

        var bytes = new byte[HpackEncoder.MaxBeginLength + block.MaxEncodedLength];
        var length = block.Encode(new HpackEncoder(4096), bytes);
        string.Join(" | ", Blocks.Decode(new HpackDecoder(4096), bytes[..length]))
            .ShouldBe($":method: GET | :scheme: http | :authority: a | :path: / | {expected} | via: 2.0 lb1 | x-request-id: id-1");
    }

    [Theory]
    [InlineData(true, null, nameof(BodyFraming.None))]
    [InlineData(true, "0", nameof(BodyFraming.Length))]
    [InlineData(false, "5", nameof(BodyFraming.Length))]
    [InlineData(false, null, nameof(BodyFraming.Chunked))]
    public void Head_Framing_FollowsLengthAndEnd(bool ended, string? length, string expected)
    {
        var head = Read(length is null ? Get : [.. Get, $"content-length: {length}"], ended);

        head.Rejection.ShouldBe(RejectReason.None);
        head.Framing.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Head_ReadAgainAfterAnother_HasNothingOfIt()
    {
        var head = new RequestHead();
        Fill(head, [.. Get, "x-a: b", "content-length: 7"], ended: false);
        head.Reset();

        Fill(head, [":method: POST", ":scheme: http", ":authority: b", ":path: /"], ended: true);

        head.Rejection.ShouldBe(RejectReason.None);
        head.FieldCount.ShouldBe(0);
        head.ContentLength.ShouldBe(-1);
        Text(head.Host).ShouldBe("b");
    }

    private static RequestHead Read(string[] lines, bool ended = true)
    {
        var head = new RequestHead();
        Fill(head, lines, ended);
        return head;
    }

    private static void Fill(RequestHead head, string[] lines, bool ended)
    {
        var reason = RejectReason.None;
        foreach (var line in lines)
        {
            var colon = line.IndexOf(": ", 1, StringComparison.Ordinal);
            if (reason == RejectReason.None)
                reason = head.Take(Encoding.Latin1.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 2)..]), Limits);
        }

        head.End(ended, reason);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
