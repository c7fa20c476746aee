// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Penstock.Http2.Tests;
using Penstock.L7.Tests.Http2;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Grpc;

/// <summary>Calls of gRPC-Web, which endpoints get as calls of gRPC.</summary>
public sealed class GrpcWebCallTests
{
    private const string Answered = "grpc-status: 0\r\nx-sum: 4\r\nset-cookie: a\r\n";

    [Theory]
    [InlineData("application/grpc-web", "application/grpc", "application/grpc", "application/grpc-web")]
    [InlineData("application/grpc-web+proto", "application/grpc+proto", "application/grpc", "application/grpc-web+proto")]
    [InlineData("application/grpc-web+json; charset=utf-8", "application/grpc+json", "application/grpc+json", "application/grpc-web+json")]
    public async Task Call_OverHttp1_IsOneOfGrpcToTheEndpoint(string asked, string forwarded, string answered, string told)
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"POST /shop.Cart/Get HTTP/1.1\r\nHost: a\r\nContent-Type: {asked}\r\nX-Grpc-Web: 1\r\nContent-Length: 9\r\n\r\n{Message("name")}");
        using var origin = engine.AcceptStreams();
        var head = origin.Next();
        head.ShouldStartWith("HEADERS 1 | :method: POST | ");
        head.ShouldContain($" | content-type: {forwarded} | ");
        head.ShouldContain(" | te: trailers");
        head.ShouldContain(" | content-length: 9");
        Content(origin).ShouldBe(Message("name"));
        Answer(origin, answered);

        var response = Http2Engine.ReadHead(client);
        response.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        response.ShouldContain($"\r\nContent-Type: {told}\r\n");
        response.ShouldContain("\r\nTransfer-Encoding: chunked\r\n");
        response.ShouldContain("\r\nx-initial: 1\r\n");
        response.ShouldNotContain("grpc-status");
        Chunks(client).ShouldBe(Message("answer") + Trailers(Answered));

        Http2Engine.Send(client, "GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 OK\r\n");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("Accept: application/grpc-web-text\r\n", true)]
    [InlineData("Accept: application/grpc-web\r\n", false)]
    public async Task Call_InBase64_IsDecodedForTheEndpoint(string accept, bool isText)
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();
        var message = Message("name");
        var text = Base64(message[..4]) + Base64(message[4..]);

        Http2Engine.Send(client, $"POST /shop.Cart/Get HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text+proto\r\n{accept}Content-Length: {text.Length}\r\n\r\n");
        foreach (var letter in text)
            Http2Engine.Send(client, $"{letter}");
        using var origin = engine.AcceptStreams();
        var head = origin.Next();
        head.ShouldContain(" | content-type: application/grpc+proto | ");
        head.ShouldNotContain("content-length");
        Content(origin).ShouldBe(message);
        Answer(origin, "application/grpc");

        Http2Engine.ReadHead(client).ShouldContain($"\r\nContent-Type: application/grpc-web{(isText ? "-text" : "")}+proto\r\n");
        var content = Chunks(client);
        (isText ? Decoded(content) : content).ShouldBe(Message("answer") + Trailers(Answered));
    }

    [Fact]
    public async Task Call_OverHttp2_IsTranslatedToo()
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/shop.Cart/Get", "POST", ended: false, "content-type: application/grpc-web"), .. Frame(Data, EndStream, 1, Bytes(Message("name")))]);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldContain(" | content-type: application/grpc | ");
        Content(origin).ShouldBe(Message("name"));
        Answer(origin, "application/grpc");

        client.Until("HEADERS 1 ").ShouldContain(" | content-type: application/grpc-web | ");
        Content(client).ShouldBe(Message("answer") + Trailers(Answered));
    }

    [Fact]
    public async Task Status_InAHeadWithoutTrailers_IsSaidBehindTheContent()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Call(client);
        using var origin = engine.AcceptStreams();
        origin.Next();
        Content(origin);
        origin.Send(Response(1, 200, ended: true, "content-type: application/grpc", "grpc-status: 5", "grpc-message: none", "x-kept: 1"));

        var head = Http2Engine.ReadHead(client);
        head.ShouldNotContain("grpc-status");
        head.ShouldNotContain("grpc-message");
        head.ShouldContain("\r\nx-kept: 1\r\n");
        Chunks(client).ShouldBe(Trailers("grpc-status: 5\r\ngrpc-message: none\r\n"));
    }

    [Fact]
    public async Task Page_InPlaceOfAnAnswer_IsRelayedAsItIs()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Call(client);
        using var origin = engine.AcceptStreams();
        origin.Next();
        Content(origin);
        origin.Send([.. Response(1, 503, ended: false, "content-type: text/plain", "content-length: 5"), .. Frame(Data, EndStream, 1, Bytes("sorry"))]);

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 503 ");
        head.ShouldContain("\r\ncontent-type: text/plain\r\n");
        Http2Engine.ReadBytes(client, 5).ShouldBe("sorry");
    }

    [Fact]
    public async Task Endpoint_ThatFailsBeforeItsResponse_IsAStatusBehindNoContent()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Call(client);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.SendFrame(RstStream, 0, 1, Number(2));

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        head.ShouldContain("\r\nContent-Type: application/grpc-web\r\n");
        head.ShouldContain("\r\nProxy-Status: ");
        Http2Engine.ReadBytes(client, LengthIn(head)).ShouldBe(
            Trailers("grpc-status: 14\r\ngrpc-message: stream_reset: HTTP/2: the endpoint reset the request's stream before its response began.\r\n"));
    }

    [Fact]
    public async Task Endpoint_ThatDiesBetweenMessages_IsAStatusBehindThem()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        DieAfter(engine, client, Message("one"));

        Chunks(client).ShouldBe(Trailers("grpc-status: 14\r\ngrpc-message: http_response_incomplete: The endpoint closed the connection in the middle of its response.\r\n"));
    }

    [Fact]
    public async Task Endpoint_ThatDiesInAMessage_BreaksTheResponseOff()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        DieAfter(engine, client, Message("one")[..^1]);

        client.Receive(new byte[100]).ShouldBe(0);
    }

    [Theory]
    [InlineData("!!!!")]
    [InlineData("AAAAAA")]
    [InlineData("AAAA\r\nAAAA\r\n")]
    [InlineData("AAA")]
    public async Task Text_ThatIsNotBase64_IsAnErrorOfTheCall(string text)
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"POST /shop.Cart/Get HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text\r\nContent-Length: {text.Length}\r\n\r\n{text}");
        using var origin = engine.AcceptStreams();

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        Decoded(Http2Engine.ReadBytes(client, LengthIn(head))).ShouldContain("grpc-status: 13\r\ngrpc-message: grpc_web_text_malformed: ");
    }

    [Fact]
    public async Task Call_ThatIsNotToBeTranslated_IsForwardedAsItIs()
    {
        await using var engine = new Http2Engine(cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2 });
        using var client = engine.ConnectPlain();

        Call(client);
        using var origin = engine.AcceptStreams();

        var head = origin.Next();
        head.ShouldContain(" | content-type: application/grpc-web | ");
        head.ShouldNotContain(" | te: ");
    }

    [Fact]
    public async Task Call_ToAnEndpointOfHttp1_IsForwardedAsItIs()
    {
        await using var engine = new Http2Engine(grpcWeb: true);
        using var client = engine.ConnectPlain();

        Call(client);
        using var origin = engine.Accept();

        Http2Engine.ReadHead(origin).ShouldContain("\r\nContent-Type: application/grpc-web\r\n");
        Http2Engine.ReadBytes(origin, 9).ShouldBe(Message("name"));
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nContent-Length: 0\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldContain("\r\nContent-Length: 0\r\n");
    }

    private static Http2Engine Engine() => new(cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2 }, grpcWeb: true);

    private static void Call(Socket client) =>
        Http2Engine.Send(client, $"POST /shop.Cart/Get HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web\r\nContent-Length: 9\r\n\r\n{Message("name")}");

    /// <summary>A call whose endpoint closes its connection when so much of its response has arrived.</summary>
    private static void DieAfter(Http2Engine engine, Socket client, string content)
    {
        Call(client);
        using var origin = engine.AcceptStreams();
        origin.Next();
        Content(origin);
        origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Data, 0, 1, Bytes(content))]);
        Http2Engine.ReadHead(client);
        Chunk(client).ShouldBe(content);
    }

    // Trailers of gRPC are the application's, whatever their names.
    private static void Answer(FrameClient origin, string type) => origin.Send(
    [
        .. Response(1, 200, ended: false, $"content-type: {type}", "x-initial: 1"), .. Frame(Data, 0, 1, Bytes(Message("answer"))),
        .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("grpc-status: 0", "x-sum: 4", "set-cookie: a")),
    ]);

    private static string Message(string text) => $"\0\0\0\0{(char)text.Length}{text}";

    private static string Trailers(string lines) => $"\u0080\0\0\0{(char)lines.Length}{lines}";

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Base64(string text) => Convert.ToBase64String(Bytes(text));

    // Any group may be padded.
    private static string Decoded(string letters) =>
        string.Concat(letters.Chunk(4).Select(group => Encoding.Latin1.GetString(Convert.FromBase64CharArray(group, 0, group.Length))));

    private static int LengthIn(string head) =>
        int.Parse(head.Split("\r\n").Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..], CultureInfo.InvariantCulture);

    /// <summary>All content that comes over a stream, to its end.</summary>
    private static string Content(FrameClient from)
    {
        var content = new StringBuilder();
        string frame;
        do
        {
            frame = from.NextButWindows();
            frame.ShouldStartWith("DATA 1 ");
            content.Append(Encoding.Latin1.GetString(from.LastPayload));
        }
        while (!frame.EndsWith(" end", StringComparison.Ordinal));
        return content.ToString();
    }

    /// <summary>All chunks, to the last.</summary>
    private static string Chunks(Socket client)
    {
        var content = new StringBuilder();
        for (var chunk = Chunk(client); chunk.Length > 0; chunk = Chunk(client))
            content.Append(chunk);
        return content.ToString();
    }

    private static string Chunk(Socket client)
    {
        var size = "";
        while (!size.EndsWith("\r\n", StringComparison.Ordinal))
            size += Http2Engine.ReadBytes(client, 1);
        return Http2Engine.ReadBytes(client, int.Parse(size.AsSpan(0, size.Length - 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) + 2)[..^2];
    }
}
