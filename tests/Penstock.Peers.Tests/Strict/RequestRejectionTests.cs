// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Strict;

/// <summary>What RFC 9112 lets a server reject is rejected, the connection is closed, and no byte of it reaches the origin.</summary>
public sealed class RequestRejectionTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    private const string Get = "GET / HTTP/1.1\r\n";
    private const string Host = "Host: a\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\n";

    /// <summary>Heads that are refused, by what is wrong with them.</summary>
    public static TheoryData<string, string> BadHeads { get; } = new()
    {
        { "bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n" },
        { "bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n" },
        { "bare LF after a field", Get + "Host: a\nX: b\r\n\r\n" },
        { "bare LF ends the head", Get + "Host: a\r\n\n" },
        { "bare LF before the request line", "\n" + Get + Host + "\r\n" },
        { "bare CR in a value", Get + Host + "X: a\rb\r\n\r\n" },
        { "bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "CR CR LF", Get + Host + "X: a\r\r\n\r\n" },
        { "space before the colon", Get + "Host : a\r\n\r\n" },
        { "tab before the colon", Get + Host + "X\t: a\r\n\r\n" },
        { "folded value", Get + Host + "X: a\r\n b\r\n\r\n" },
        { "folded value by tab", Get + Host + "X: a\r\n\tb\r\n\r\n" },
        { "space before the first field", Get + " Host: a\r\n\r\n" },
        { "field without a colon", Get + Host + "X\r\n\r\n" },
        { "field without a name", Get + Host + ": a\r\n\r\n" },
        { "field name with a space", Get + Host + "X Y: a\r\n\r\n" },
        { "field name with a parenthesis", Get + Host + "X(: a\r\n\r\n" },
        { "field name with a high byte", Get + Host + "X\u00e9: a\r\n\r\n" },
        { "field name with NUL", Get + Host + "X\0: a\r\n\r\n" },
        { "NUL in a value", Get + Host + "X: a\0b\r\n\r\n" },
        { "control byte in a value", Get + Host + "X: a\u0001b\r\n\r\n" },
        { "DEL in a value", Get + Host + "X: a\u007fb\r\n\r\n" },
        { "no Host", Get + "\r\n" },
        { "two Hosts", Get + "Host: a\r\nHost: b\r\n\r\n" },
        { "Host twice alike", Get + Host + Host + "\r\n" },
        { "Host with a space", Get + "Host: a b\r\n\r\n" },
        { "Host with a slash", Get + "Host: a/b\r\n\r\n" },
        { "Host with user information", Get + "Host: u@a\r\n\r\n" },
        { "Host list", Get + "Host: a, b\r\n\r\n" },
        { "Host with a bad port", Get + "Host: a:x\r\n\r\n" },
        { "Host with an open bracket", Get + "Host: [::1\r\n\r\n" },
        { "target with a space", "GET /a b HTTP/1.1\r\n" + Host + "\r\n" },
        { "target with a fragment", "GET /a#b HTTP/1.1\r\n" + Host + "\r\n" },
        { "target without a slash", "GET a HTTP/1.1\r\n" + Host + "\r\n" },
        { "target with NUL", "GET /a\0 HTTP/1.1\r\n" + Host + "\r\n" },
        { "target with a control byte", "GET /a\u0001 HTTP/1.1\r\n" + Host + "\r\n" },
        { "target with DEL", "GET /a\u007f HTTP/1.1\r\n" + Host + "\r\n" },
        { "target with a tab", "GET /a\tb HTTP/1.1\r\n" + Host + "\r\n" },
        { "no target", "GET HTTP/1.1\r\n" + Host + "\r\n" },
        { "empty target", "GET  HTTP/1.1\r\n" + Host + "\r\n" },
        { "asterisk with GET", "GET * HTTP/1.1\r\n" + Host + "\r\n" },
        { "two spaces in the request line", "GET  / HTTP/1.1\r\n" + Host + "\r\n" },
        { "tab in the request line", "GET\t/ HTTP/1.1\r\n" + Host + "\r\n" },
        { "space before the method", " GET / HTTP/1.1\r\n" + Host + "\r\n" },
        { "space after the version", "GET / HTTP/1.1 \r\n" + Host + "\r\n" },
        { "no version", "GET /\r\n" + Host + "\r\n" },
        { "version in lower case", "GET / http/1.1\r\n" + Host + "\r\n" },
        { "version of two digits", "GET / HTTP/1.10\r\n" + Host + "\r\n" },
        { "version of one number", "GET / HTTP/1\r\n" + Host + "\r\n" },
        { "version 2.0", "GET / HTTP/2.0\r\n" + Host + "\r\n" },
        { "method with a bad character", "G@T / HTTP/1.1\r\n" + Host + "\r\n" },
        { "method with a colon", "GET: / HTTP/1.1\r\n" + Host + "\r\n" },
        { "absolute target without a host", "GET http:///a HTTP/1.1\r\n" + Host + "\r\n" },
        { "absolute target with user information", "GET http://u@a/ HTTP/1.1\r\n" + Host + "\r\n" },
        { "Content-Length twice alike", Post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx" },
        { "Content-Length twice", Post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx" },
        { "Content-Length list", Post + "Content-Length: 1, 1\r\n\r\nx" },
        { "Content-Length signed", Post + "Content-Length: +1\r\n\r\nx" },
        { "Content-Length negative", Post + "Content-Length: -1\r\n\r\nx" },
        { "Content-Length empty", Post + "Content-Length:\r\n\r\n" },
        { "Content-Length hexadecimal", Post + "Content-Length: 0x1\r\n\r\nx" },
        { "Content-Length with a space", Post + "Content-Length: 1 1\r\n\r\nx" },
        { "Content-Length with a fraction", Post + "Content-Length: 1.0\r\n\r\nx" },
        { "Content-Length of 2^64 + 2", Post + "Content-Length: 18446744073709551618\r\n\r\nxx" },
        { "Content-Length of 2^63", Post + "Content-Length: 9223372036854775808\r\n\r\n" },
        { "Content-Length and Transfer-Encoding", Post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding and Content-Length", Post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding gzip", Post + "Transfer-Encoding: gzip\r\n\r\n" },
        { "Transfer-Encoding identity", Post + "Transfer-Encoding: identity\r\n\r\n" },
        { "Transfer-Encoding gzip, chunked", Post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding chunked, gzip", Post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding chunked, chunked", Post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding chunked twice", Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding xchunked", Post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding with a parameter", Post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding quoted", Post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding empty", Post + "Transfer-Encoding:\r\n\r\n" },
        { "Transfer-Encoding with a comma", Post + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding after vertical tab", Post + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n" },
        { "Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
    };

    /// <summary>Chunked bodies that are refused: the head may have gone to the origin, a whole message must not.</summary>
    public static TheoryData<string, string> BadChunks { get; } = new()
    {
        { "size of 2^64", "10000000000000000\r\nx\r\n0\r\n\r\n" },
        { "size of 2^64 + 1", "10000000000000001\r\nx\r\n0\r\n\r\n" },
        { "size of 2^63", "8000000000000000\r\nx\r\n0\r\n\r\n" },
        { "size with 0x", "0x1\r\nx\r\n0\r\n\r\n" },
        { "size signed", "+1\r\nx\r\n0\r\n\r\n" },
        { "size negative", "-1\r\nx\r\n0\r\n\r\n" },
        { "size empty", "\r\nx\r\n0\r\n\r\n" },
        { "size after a space", " 1\r\nx\r\n0\r\n\r\n" },
        { "size with an underscore", "1_0\r\nx\r\n0\r\n\r\n" },
        { "size not hexadecimal", "g\r\nx\r\n0\r\n\r\n" },
        { "size line ended by bare LF", "1\nx\r\n0\r\n\r\n" },
        { "data ended by bare LF", "1\r\nx\n0\r\n\r\n" },
        { "data ended by bare CR", "1\r\nx\r0\r\n\r\n" },
        { "data longer than its size", "1\r\nxy\r\n0\r\n\r\n" },
        { "bare LF in an extension", "1;a\nb\r\nx\r\n0\r\n\r\n" },
        { "bare CR in an extension", "1;a\rb\r\nx\r\n0\r\n\r\n" },
        { "NUL in an extension", "1;a\0b\r\nx\r\n0\r\n\r\n" },
        { "last chunk ended by bare LF", "1\r\nx\r\n0\n\r\n" },
        { "end ended by bare LF", "1\r\nx\r\n0\r\n\n" },
        { "trailer with a space before its colon", "1\r\nx\r\n0\r\nX : a\r\n\r\n" },
        { "trailer ended by bare LF", "1\r\nx\r\n0\r\nX: a\n\r\n" },
        { "trailer folded", "1\r\nx\r\n0\r\nX: a\r\n b\r\n\r\n" },
        { "trailer with NUL", "1\r\nx\r\n0\r\nX: a\0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(BadHeads))]
    public async Task BadHead_IsSent_400AndCloseAndTheOriginSeesNothing(string fault, string request)
    {
        var before = fixture.Origin.Requests.Count;
        using var client = await RawClient.ConnectAsync(fixture.Penstock.Port);

        // What follows would be the smuggled request.
        await client.SendAsync(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");

        var response = await client.ReadResponseAsync();
        response.Status.ShouldBe(fault == "version 2.0" ? 505 : 400, fault);
        response.Complete.ShouldBeTrue();
        response.Value("Connection").ShouldBe("close");
        (await client.IsClosedAsync()).ShouldBeTrue("nothing may follow the refusal");

        // A good request afterwards is the only thing the origin has seen: no sleep needed to know that nothing else will come.
        (await RawClient.AskAsync(fixture.Penstock.Port, "GET /after HTTP/1.1\r\nHost: a\r\n\r\n")).Status.ShouldBe(200);
        fixture.Origin.Requests.Skip(before).Select(seen => seen.StartLine).ShouldBe(["GET /after HTTP/1.1"]);
    }

    [Theory]
    [MemberData(nameof(BadChunks))]
    public async Task BadChunk_IsSent_400AndCloseAndTheOriginSeesNoWholeMessage(string fault, string body)
    {
        var before = fixture.Origin.Requests.Count;
        using var client = await RawClient.ConnectAsync(fixture.Penstock.Port);

        await client.SendAsync(Post + "Transfer-Encoding: chunked\r\n\r\n" + body + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");

        var response = await client.ReadResponseAsync();
        response.Status.ShouldBe(400, fault);
        (await client.IsClosedAsync()).ShouldBeTrue("nothing may follow the refusal");
        (await RawClient.AskAsync(fixture.Penstock.Port, "GET /after HTTP/1.1\r\nHost: a\r\n\r\n")).Status.ShouldBe(200);
        var seen = fixture.Origin.Requests.Skip(before).ToList();
        seen.ShouldAllBe(request => request.StartLine != "GET /smuggled HTTP/1.1");
        seen.Where(request => request.StartLine.StartsWith("POST", StringComparison.Ordinal)).ShouldAllBe(request => !request.Complete);
    }

    [Fact]
    public async Task EmptyLineBeforeTheRequest_IsSent_IsPassedOver()
    {
        var response = await RawClient.AskAsync(fixture.Penstock.Port, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

        response.Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("transfer-encoding: CHUNKED")]
    [InlineData("Transfer-Encoding:\tchunked \t")]
    public async Task Chunked_InAnotherSpelling_IsTaken(string field)
    {
        var before = fixture.Origin.Requests.Count;

        var response = await RawClient.AskAsync(fixture.Penstock.Port, Post + field + "\r\n\r\n2;ext=\"a b\"\r\nhi\r\n0\r\n\r\n");

        response.Status.ShouldBe(200);
        var seen = fixture.Origin.Requests[before];
        seen.Text.ShouldBe("hi");
        seen.Complete.ShouldBeTrue();
    }

    [Fact]
    public async Task AbsoluteTarget_WithAnotherHost_TakesTheTargetsHost()
    {
        var before = fixture.Origin.Requests.Count;

        var response = await RawClient.AskAsync(fixture.Penstock.Port, "GET http://b.test/x?y HTTP/1.1\r\nHost: a\r\n\r\n");

        response.Status.ShouldBe(200);
        var seen = fixture.Origin.Requests[before];
        seen.StartLine.ShouldBe("GET /x?y HTTP/1.1");
        seen.Value("Host").ShouldBe("b.test");
    }
}
