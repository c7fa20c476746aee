// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class RequestHeadTests
{
    private static string Reject(string text)
    {
        var head = new RequestHead();
        head.Parse(new ReadOnlySequence<byte>(Wire.Bytes(text)), Wire.Limits, out _, out _).ShouldBe(ParseStatus.Rejected);
        return $"{head.Rejection.Status()} {head.Rejection.Token()}";
    }

    [Fact]
    public void Parse_TypicalRequest_GivesItsParts()
    {
        byte[] bytes = Wire.Bytes("GET /a/b?c=d&e HTTP/1.1\r\nHost: Shop.Example.com:8080\r\nUser-Agent:  curl/8 \t\r\nAccept:*/*\r\nX-Empty:\r\n\r\nrest");
        var input = new ReadOnlySequence<byte>(bytes);
        var head = new RequestHead();

        head.Parse(input, Wire.Limits, out SequencePosition consumed, out _).ShouldBe(ParseStatus.Done);

        Wire.Text(input.Slice(consumed).ToArray()).ShouldBe("rest");
        Wire.Text(head.Method).ShouldBe("GET");
        head.MethodKind.ShouldBe(HttpMethodKind.Get);
        Wire.Text(head.Target).ShouldBe("/a/b?c=d&e");
        Wire.Text(head.Path).ShouldBe("/a/b");
        Wire.Text(head.Query).ShouldBe("?c=d&e");
        Wire.Text(head.Host).ShouldBe("shop.example.com");
        Wire.Text(head.Authority).ShouldBe("Shop.Example.com:8080");
        head.Form.ShouldBe(TargetForm.Origin);
        head.Version.ShouldBe(11);
        head.Framing.ShouldBe(BodyFraming.None);
        head.KeepAlive.ShouldBeTrue();
        head.FieldCount.ShouldBe(4);
        Wire.Text(head.Field(1).Name).ShouldBe("User-Agent");
        Wire.Text(head.Field(1).Value).ShouldBe("curl/8");
        head.Field(1).Id.ShouldBe(KnownHeader.UserAgent);
        Wire.Text(head.Field(2).Value).ShouldBe("*/*");
        head.Field(3).Value.IsEmpty.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    public void Shrink_Head_ReadsAsBefore(int padding)
    {
        RequestHead head = Wire.Request($"GET /a?b HTTP/1.1\r\nHost: Shop.Example.com\r\nUser-Agent: curl/8\r\nX: {new string('x', padding)}\r\n\r\n");

        head.Shrink();

        Wire.Text(head.Method).ShouldBe("GET");
        Wire.Text(head.Target).ShouldBe("/a?b");
        Wire.Text(head.Host).ShouldBe("shop.example.com");
        Wire.Text(head.Authority).ShouldBe("Shop.Example.com");
        head.FieldCount.ShouldBe(3);
        Wire.Text(head.Field(1).Value).ShouldBe("curl/8");
        head.Field(2).Value.Length.ShouldBe(padding);
        if (padding == 0)
            head.Bytes.Length.ShouldBe(head.Length + "shop.example.com".Length);
    }

    [Fact]
    public void Reset_AfterShrink_TakesAnyOther()
    {
        RequestHead head = Wire.Request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        string fields = string.Concat(Enumerable.Range(0, 50).Select(i => $"X-{i}: {i}\r\n"));
        foreach (string host in (string[])["one", "two", "three"])
        {
            head.Shrink();
            head.Reset();
            head.Shrink();

            head.Parse(new ReadOnlySequence<byte>(Wire.Bytes($"GET / HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n")), Wire.Limits, out _, out _).ShouldBe(ParseStatus.Done);

            Wire.Text(head.Host).ShouldBe(host);
            head.FieldCount.ShouldBe(51);
            Wire.Text(head.Field(50).Value).ShouldBe("49");
            head.Reset();
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: a\n\n", "400 bare_lf")]
    [InlineData("GET / HTTP/1.1\n", "400 bare_lf")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\n", "400 bare_lf")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", "400 bare_cr")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\r\n\r\n", "400 bare_cr")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", "400 nul")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", "400 control_byte")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", "400 control_byte")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: a\x1b[0m\r\n\r\n", "400 control_byte")]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 empty_line")]
    [InlineData(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 method_malformed")]
    [InlineData("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare_lf")]
    [InlineData("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400 method_malformed")]
    [InlineData("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 method_malformed")]
    [InlineData("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400 request_line_malformed")]
    [InlineData("GET /\r\n\r\n", "400 request_line_malformed")]
    [InlineData("GET\r\n\r\n", "400 method_malformed")]
    [InlineData("GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", "400 version_malformed")]
    [InlineData("GET / http/1.1\r\nHost: a\r\n\r\n", "400 version_malformed")]
    [InlineData("GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400 version_malformed")]
    [InlineData("GET / HTTP/1,1\r\nHost: a\r\n\r\n", "400 version_malformed")]
    [InlineData("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505 version_unsupported")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 version_unsupported")]
    [InlineData("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505 version_unsupported")]
    [InlineData("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505 version_unsupported")]
    [InlineData("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_fragment")]
    [InlineData("GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_fragment")]
    [InlineData("GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /?\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /<b> HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /{b} HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /`b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /?\" HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /?<b> HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_percent_encoding")]
    [InlineData("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_percent_encoding")]
    [InlineData("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_percent_encoding")]
    [InlineData("GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_percent_encoding")]
    [InlineData("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_form_not_allowed")]
    [InlineData("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_malformed")]
    [InlineData("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_form_not_allowed")]
    [InlineData("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_form_not_allowed")]
    [InlineData("CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_form_not_allowed")]
    [InlineData("CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_form_not_allowed")]
    [InlineData("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_scheme_unsupported")]
    [InlineData("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_userinfo")]
    [InlineData("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_userinfo")]
    [InlineData("GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_authority_malformed")]
    [InlineData("GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target_authority_malformed")]
    [InlineData("GET http://a/ HTTP/1.1\r\n\r\n", "400 host_missing")]
    public void Parse_BrokenRequestLine_IsRejected(string text, string expected) => Reject(text).ShouldBe(expected);

    [Theory]
    [InlineData("Host : a\r\n", "400 space_before_colon")]
    [InlineData("Host\t: a\r\n", "400 space_before_colon")]
    [InlineData("Host: a\r\n b\r\n", "400 obs_fold")]
    [InlineData("Host: a\r\n\tb: c\r\n", "400 obs_fold")]
    [InlineData(" Host: a\r\n", "400 obs_fold")]
    [InlineData("Host: a\r\nX Y: b\r\n", "400 field_name_malformed")]
    [InlineData("Host: a\r\n: b\r\n", "400 field_name_malformed")]
    [InlineData("Host: a\r\nX\r\n", "400 field_colon_missing")]
    [InlineData("Host: a\r\nX(: b\r\n", "400 field_name_malformed")]
    [InlineData("Host: a\r\n\xe4: b\r\n", "400 field_name_malformed")]
    [InlineData("Host: a\r\n\"X\": b\r\n", "400 field_name_malformed")]
    [InlineData("", "400 host_missing")]
    [InlineData("Host: a\r\nHost: a\r\n", "400 host_repeated")]
    [InlineData("Host: a\r\nhost: b\r\n", "400 host_repeated")]
    [InlineData("Host:\r\n", "400 host_malformed")]
    [InlineData("Host: a b\r\n", "400 host_malformed")]
    [InlineData("Host: a,b\r\n", "400 host_malformed")]
    [InlineData("Host: a/b\r\n", "400 host_malformed")]
    [InlineData("Host: http://a\r\n", "400 host_malformed")]
    [InlineData("Host: u@a\r\n", "400 host_malformed")]
    [InlineData("Host: a..b\r\n", "400 host_malformed")]
    [InlineData("Host: .a\r\n", "400 host_malformed")]
    [InlineData("Host: .\r\n", "400 host_malformed")]
    [InlineData("Host: :80\r\n", "400 host_malformed")]
    [InlineData("Host: a:65536\r\n", "400 host_malformed")]
    [InlineData("Host: a:-1\r\n", "400 host_malformed")]
    [InlineData("Host: a:80:80\r\n", "400 host_malformed")]
    [InlineData("Host: a:8a\r\n", "400 host_malformed")]
    [InlineData("Host: a%20b\r\n", "400 host_malformed")]
    [InlineData("Host: \xe4\r\n", "400 host_malformed")]
    [InlineData("Host: ::1\r\n", "400 host_malformed")]
    [InlineData("Host: [::1\r\n", "400 host_malformed")]
    [InlineData("Host: []\r\n", "400 host_malformed")]
    [InlineData("Host: [1.2.3.4]\r\n", "400 host_malformed")]
    [InlineData("Host: [::1%25eth0]\r\n", "400 host_malformed")]
    [InlineData("Host: [::g]\r\n", "400 host_malformed")]
    [InlineData("Host: [1::2::3]\r\n", "400 host_malformed")]
    [InlineData("Host: [::1]80\r\n", "400 host_malformed")]
    [InlineData("Host: [v1.a:b]\r\n", "400 host_malformed")]
    public void Parse_BrokenFieldOrHost_IsRejected(string fields, string expected) => Reject("GET / HTTP/1.1\r\n" + fields + "\r\n").ShouldBe(expected);

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 5\r\n", "400 content_length_duplicate")]
    [InlineData("Content-Length: 5\r\ncontent-length: 6\r\n", "400 content_length_duplicate")]
    [InlineData("Content-Length: 5, 5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 5,5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: +5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: -5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: -0\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length:\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 5 5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 0x5\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 5;\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 1e3\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: \"5\"\r\n", "400 content_length_malformed")]
    [InlineData("Content-Length: 18446744073709551618\r\n", "400 content_length_overflow")]
    [InlineData("Content-Length: 9223372036854775808\r\n", "400 content_length_overflow")]
    [InlineData("Content-Length: 0000000000000000005\r\n", "400 content_length_overflow")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "400 content_length_with_transfer_encoding")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "400 content_length_with_transfer_encoding")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "400 transfer_encoding_duplicate")]
    [InlineData("Transfer-Encoding: chunked, chunked\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: chunked, gzip\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: gzip\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: identity\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding:\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: xchunked\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: chunked;a=b\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: \"chunked\"\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: chunked,\r\n", "400 transfer_encoding_unsupported")]
    [InlineData("Transfer-Encoding: \vchunked\r\n", "400 control_byte")]
    [InlineData("Transfer-Encoding : chunked\r\n", "400 space_before_colon")]
    [InlineData("Connection: a b\r\n", "400 connection_malformed")]
    [InlineData("Connection: (close)\r\n", "400 connection_malformed")]
    [InlineData("Expect: 200-ok\r\n", "417 expectation_unknown")]
    [InlineData("Expect: 100-continue, x\r\n", "417 expectation_unknown")]
    [InlineData("Expect:\r\n", "417 expectation_unknown")]
    public void Parse_BrokenFraming_IsRejected(string fields, string expected) => Reject("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").ShouldBe(expected);

    [Theory]
    [InlineData("GET http://Other.example:81/p?q HTTP/1.1", "other.example", "Other.example:81", "/p", "?q")]
    [InlineData("GET http://other.example HTTP/1.1", "other.example", "other.example", "/", "")]
    [InlineData("GET HTTPS://other.example?q HTTP/1.1", "other.example", "other.example", "/", "?q")]
    [InlineData("OPTIONS http://other.example HTTP/1.1", "other.example", "other.example", "*", "")]
    [InlineData("OPTIONS * HTTP/1.1", "a.example", "a.example", "*", "")]
    [InlineData("CONNECT other.example:443 HTTP/1.1", "other.example", "other.example:443", "other.example:443", "")]
    [InlineData("GET //x//y HTTP/1.1", "a.example", "a.example", "//x//y", "")]
    [InlineData("GET /a%20b|[c]^?d={e}\\f`%%zz HTTP/1.1", "a.example", "a.example", "/a%20b|[c]^", "?d={e}\\f`%%zz")]
    public void Parse_TargetForms_GiveHostPathAndQuery(string line, string host, string authority, string path, string query)
    {
        RequestHead head = Wire.Request(line + "\r\nHost: a.example\r\n\r\n");

        Wire.Text(head.Host).ShouldBe(host);
        Wire.Text(head.Authority).ShouldBe(authority);
        Wire.Text(head.Path).ShouldBe(path);
        Wire.Text(head.Query).ShouldBe(query);
    }

    [Theory]
    [InlineData("[2001:DB8::1]:8080", "[2001:db8::1]", "[2001:DB8::1]:8080")]
    [InlineData("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]")]
    [InlineData("192.0.2.1:0", "192.0.2.1", "192.0.2.1:0")]
    [InlineData("a_b.Example.com.:65535", "a_b.example.com", "a_b.Example.com.:65535")]
    [InlineData("a.example:", "a.example", "a.example")]
    public void Parse_HostForms_AreNormalized(string value, string host, string authority)
    {
        RequestHead head = Wire.Request("GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");

        Wire.Text(head.Host).ShouldBe(host);
        Wire.Text(head.Authority).ShouldBe(authority);
    }

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: x, , CLOSE\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: Keep-Alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: keep-alive, close\r\n", false)]
    public void Parse_VersionAndConnection_DecideKeepAlive(string version, string fields, bool expected) =>
        Wire.Request($"GET / {version}\r\nHost: a\r\n{fields}\r\n").KeepAlive.ShouldBe(expected);

    [Theory]
    [InlineData("Connection: upgrade\r\nUpgrade: websocket\r\n", "websocket")]
    [InlineData("Connection: keep-alive, Upgrade\r\nUpgrade: foo/2, bar\r\n", "foo/2, bar")]
    [InlineData("Upgrade: websocket\r\n", "")]
    [InlineData("Connection: upgrade\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: h2c\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: websocket, H2C\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: h2c/1\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: web socket\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n", "")]
    public void Parse_Upgrade_OnlyWhereConnectionListsItAndNeverH2c(string fields, string expected) =>
        Wire.Text(Wire.Request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").Upgrade).ShouldBe(expected);

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", false)]
    public void Parse_Expect_WaitsOnlyWhereABodyFollows(string text, bool expected) => Wire.Request(text).ExpectContinue.ShouldBe(expected);

    [Fact]
    public void Parse_LimitsExceeded_SayWhich()
    {
        RejectWith(new HeadLimits(20, 1000, 10), $"GET /{new string('a', 20)} HTTP/1.1\r\nHost: a\r\n\r\n").ShouldBe("414 request_line_too_long");
        RejectWith(new HeadLimits(100, 60, 10), $"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('a', 60)}\r\n\r\n").ShouldBe("431 head_too_large");
        RejectWith(new HeadLimits(100, 1000, 2), "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\nY: b\r\n\r\n").ShouldBe("431 too_many_fields");
        RejectWith(new HeadLimits(20, 1000, 10), new string('a', 23)).ShouldBe("414 request_line_too_long");
        Reject($"GET / HTTP/1.1\r\nHost: a\r\nConnection: {string.Join(',', Enumerable.Repeat("x", 33))}\r\n\r\n").ShouldBe("400 connection_malformed");
    }

    [Fact]
    public void Parse_LargeHeadThenReset_IsForgotten()
    {
        var head = new RequestHead();
        byte[] large = Wire.Bytes($"GET /large HTTP/1.1\r\nHost: a\r\nX: {new string('v', 20_000)}\r\n\r\n");
        head.Parse(new ReadOnlySequence<byte>(large), Wire.Limits, out _, out _).ShouldBe(ParseStatus.Done);
        head.Field(1).Value.Length.ShouldBe(20_000);

        head.Reset();
        head.Parse(new ReadOnlySequence<byte>(Wire.Bytes("GET /small HTTP/1.1\r\nHost: b\r\n\r\n")), Wire.Limits, out _, out _).ShouldBe(ParseStatus.Done);

        Wire.Text(head.Path).ShouldBe("/small");
        head.FieldCount.ShouldBe(1);
    }

    [Fact]
    public void RejectReasons_Each_HasAStatusAndATokenOfItsOwn()
    {
        RejectReason[] all = Enum.GetValues<RejectReason>();

        all.Select(reason => reason.Token()).Distinct(StringComparer.Ordinal).Count().ShouldBe(all.Length);
        all.ShouldAllBe(reason => reason.Status() >= 400 && reason.Status() < 600);
    }

    private static string RejectWith(HeadLimits limits, string text)
    {
        var head = new RequestHead();
        head.Parse(new ReadOnlySequence<byte>(Wire.Bytes(text)), limits, out _, out _).ShouldBe(ParseStatus.Rejected);
        return $"{head.Rejection.Status()} {head.Rejection.Token()}";
    }
}
