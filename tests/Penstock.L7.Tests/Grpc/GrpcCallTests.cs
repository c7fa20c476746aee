// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Http2.Tests;
using Penstock.L7.Tests.Http2;
using Penstock.Model.L7;
using Penstock.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Grpc;

/// <summary>Calls of gRPC that fail on the way: their clients are told by a status of gRPC.</summary>
[Collection(AloneCollection.Name)]
public sealed class GrpcCallTests
{
    private const string Unavailable = "HEADERS 1 end | grpc-status: 14 | grpc-message: http_response_incomplete: The endpoint closed the connection in the middle of its response.";

    [Fact]
    public async Task Endpoint_ThatFailsBeforeItsResponse_IsAStatusInPlaceOfIt()
    {
        using var counts = new Http2Counts("penstock.grpc.responses");
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Call(1), .. Request(3, "/3")]);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | ");
        origin.Next().ShouldStartWith("HEADERS 3 end | ");
        origin.SendFrame(RstStream, 0, 1, Number(2));
        var call = client.Until("HEADERS 1 ");
        origin.SendFrame(RstStream, 0, 3, Number(2));

        call.ShouldStartWith("HEADERS 1 end | :status: 200 | content-type: application/grpc | proxy-status: lb1; error=connection_terminated; details=\"stream_reset\" | x-request-id: ");
        call.ShouldEndWith(" | grpc-status: 14 | grpc-message: stream_reset: HTTP/2: the endpoint reset the request's stream before its response began.");
        client.Until("HEADERS 3 ").ShouldStartWith("HEADERS 3 | :status: 502 | content-type: text/plain");
        counts.Broken("unavailable").ShouldBe(1);
    }

    [Fact]
    public async Task Endpoint_ThatDiesInItsResponse_IsAStatusBehindWhatHasCome()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1));
        using (var origin = engine.AcceptStreams())
        {
            origin.Next();
            origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);
            client.Until("HEADERS 1 ").ShouldStartWith("HEADERS 1 | :status: 200 | ");
            client.NextButWindows().ShouldBe("DATA 1 5");
        }

        client.NextButWindows().ShouldBe(Unavailable);
        client.Next().ShouldBe("RST_STREAM 1 NO_ERROR"); // Of the request, which has not ended.
    }

    /// <summary>Whose end a status cannot be: that of a page or of an error, or of content whose length was told.</summary>
    [Theory]
    [InlineData(200, "content-type: application/grpc", "content-length: 10")]
    [InlineData(503, "content-type: application/grpc", "x: 1")]
    [InlineData(200, "content-type: text/html", "x: 1")]
    public async Task Endpoint_ThatDiesInAnotherResponse_ResetsIt(int status, string type, string field)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1));
        using (var origin = engine.AcceptStreams())
        {
            origin.Next();
            origin.Send([.. Response(1, status, ended: false, type, field), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);
            client.Until("DATA 1 ").ShouldBe("DATA 1 5");
        }

        client.NextButWindows().ShouldBe("RST_STREAM 1 INTERNAL_ERROR");
    }

    [Fact]
    public async Task Timeout_OfTheClient_EndsTheCall()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1, "grpc-timeout: 200m"));
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldContain(" | grpc-timeout: 200m");

        client.Until("HEADERS 1 ").ShouldEndWith(" | grpc-status: 4 | grpc-message: grpc_timeout: gRPC: the call took longer than its client gives it with grpc-timeout.");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        engine.Engine.Status().Endpoints.ShouldHaveSingleItem().Failures.ShouldBe(0, "it was the client that had no time");
    }

    [Fact]
    public async Task Timeout_OfTheClient_EndsAResponseThatHasBegun()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1, "grpc-timeout: 1S"));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);

        client.Until("DATA 1 ").ShouldBe("DATA 1 5");
        client.NextButWindows().ShouldStartWith("HEADERS 1 end | grpc-status: 4 | grpc-message: grpc_timeout: ");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
    }

    [Fact]
    public async Task Timeout_OfNothing_IsOver_BeforeAnEndpointIsAsked()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(WholeCall(1, "grpc-timeout: 0m"));

        client.Next().ShouldContain(" | grpc-status: 4 | grpc-message: grpc_timeout: ");
        engine.HasConnection().ShouldBeFalse();
    }

    /// <summary>Each makes an endpoint begin in vain, as a stream does that its client resets, over a connection that others share.</summary>
    [Fact]
    public async Task Timeouts_OfManyCalls_AreAFloodOfResets()
    {
        using var counts = new Http2Counts();
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();
        client.Send(WholeCall(1));
        using var origin = engine.AcceptStreams();
        var frame = "";

        for (var stream = 3; stream < 6000 && frame.Split(' ')[0] is "" or "HEADERS"; stream += 2)
        {
            client.TrySend(WholeCall(stream, "grpc-timeout: 1m"));
            frame = client.Next();
        }

        frame.ShouldStartWith("GOAWAY ");
        frame.ShouldEndWith(" ENHANCE_YOUR_CALM");
        counts.Broken("reset_flood").ShouldBe(1);
    }

    /// <summary>Content waits for the window, a status does not.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Timeout_OfAClientThatGivesNoWindow_IsTold(int window)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect((4, (uint)window));

        client.Send(Call(1, "grpc-timeout: 1S"));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Data, 0, 1, "hello"u8.ToArray()), .. Frame(Data, 0, 1, new byte[10_000])]);

        client.Next().ShouldStartWith("HEADERS 1 | :status: 200 | ");
        if (window > 0)
            client.Next().ShouldBe($"DATA 1 {window}");
        client.Next().ShouldStartWith("HEADERS 1 end | grpc-status: 4 | grpc-message: grpc_timeout: ");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        client.Send([.. Frame(WindowUpdate, 0, 1, Number(100_000)), .. Request(3, "/fixed")]);
        client.Until("HEADERS 3 ").ShouldStartWith("HEADERS 3 | :status: 200");
    }

    [Fact]
    public async Task Timeout_OfTheListener_HoldsWhereItIsTheLesser()
    {
        await using var engine = new Http2Engine(timeouts: new ListenerTimeouts { Request = TimeSpan.FromMilliseconds(200) }, cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2 });
        using var client = engine.Connect();

        client.Send(Call(1, "grpc-timeout: 1H"));
        using var origin = engine.AcceptStreams();

        client.Until("HEADERS 1 ").ShouldContain(" | grpc-status: 4 | grpc-message: request_timeout: ");
    }

    [Fact]
    public async Task Timeout_OfARequestThatIsNoCall_IsNone()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Request(1, "/1", "POST", ended: true, "grpc-timeout: 1m"));
        using var origin = engine.AcceptStreams();
        origin.Next();
        client.Send(Call(3, "grpc-timeout: 1m"));
        client.Until("HEADERS 3 ").ShouldContain(" | grpc-status: 4 | ");
        origin.Send(Response(1));

        client.Until("HEADERS 1 ").ShouldStartWith("HEADERS 1 end | :status: 200");
    }

    /// <summary>Those whose time is over wait to tell a client that takes nothing: its end, or that of the daemon, ends them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timeouts_ThatNobodyHearsOf_HoldNoConnection(bool stops)
    {
        const int Calls = 99;
        await using var engine = new Http2Engine(timeouts: new ListenerTimeouts { Body = TimeSpan.FromMinutes(5) });
        using var client = engine.Connect((4, int.MaxValue));
        using var origin = engine.AnswerUntilHeld(client);

        client.Send([.. Enumerable.Range(1, Calls).SelectMany(i => WholeCall(1 + (2 * i), "grpc-timeout: 1S"))]);
        await Until(() => engine.Engine.Status().Endpoints.ShouldHaveSingleItem() is { Requests: 1 + Calls, Active: 1 }, "the time of the calls is not over");
        if (stops)
            await engine.Engine.DrainAsync(TimeSpan.FromMilliseconds(100));
        else
            client.Reset();

        await Until(() => engine.Engine.OpenConnections() == 0, "what waits for the client is not ended");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Status_OfTheEndpoint_IsRelayedAndCounted(bool trailersOnly)
    {
        using var counts = new Http2Counts("penstock.grpc.responses");
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1));
        using var origin = engine.AcceptStreams();
        origin.Next();
        if (trailersOnly)
            origin.Send(Response(1, 200, ended: true, "content-type: application/grpc", "grpc-status: 5"));
        else
            origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("grpc-status: 5"))]);

        var told = client.Until("HEADERS 1 end");
        told.ShouldContain(" | grpc-status: 5");
        client.NextButWindows().ShouldBe("RST_STREAM 1 NO_ERROR");
        counts.Broken("not_found").ShouldBe(1);
    }

    /// <summary>Its names are the application's; other trailers are held to RFC 9110 section 6.5.1.</summary>
    [Theory]
    [InlineData("application/grpc", " | retry-after: 1 | cache-control: no-store | server: shop | x-sum: 5")]
    [InlineData("application/json", " | x-sum: 5")]
    public async Task Metadata_BehindTheResponse_IsRelayed_ButWhatIsAboutConnectionsAndFraming(string type, string expected)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Request(1, "/test.Echo/Unary", "POST", ended: true, "content-type: " + type));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(
        [
            .. Response(1, 200, ended: false, "content-type: " + type),
            .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("retry-after: 1", "cache-control: no-store", "te: trailers", "content-length: 3", "host: evil", "server: shop", "x-sum: 5")),
        ]);

        client.Until("HEADERS 1 end").ShouldBe("HEADERS 1 end" + expected);
    }

    /// <summary>In HTTP/1.1 they are trailers like others.</summary>
    [Fact]
    public async Task Metadata_ForAClientInHttp1_IsTrailers()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n");
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send([.. Response(1, 200, ended: false), .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("retry-after: 1", "x-sum: 5"))]);

        Http2Engine.ReadHead(client).ShouldContain("\r\nTransfer-Encoding: chunked\r\n");
        Http2Engine.ReadBytes(client, 15).ShouldBe("0\r\nx-sum: 5\r\n\r\n");
    }

    [Fact]
    public async Task Status_ThatTheClientDidNotTake_IsNotCounted()
    {
        using var counts = new Http2Counts("penstock.grpc.responses");
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect((4, 0));

        client.Send(Call(1));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(
        [
            .. Response(1, 200, ended: false, "content-type: application/grpc"),
            .. Frame(Data, 0, 1, "hello"u8.ToArray()),
            .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("grpc-status: 0")),
        ]);
        client.Until("HEADERS 1 ").ShouldStartWith("HEADERS 1 | :status: 200 | ");
        client.SendFrame(Ping, 0, 0, "waiting "u8.ToArray()); // For the end of what the origin has sent at once.
        client.Until("PING").ShouldBe("PING ack waiting ");
        client.SendFrame(RstStream, 0, 1, Number(8));
        client.SendFrame(Ping, 0, 0, "is over "u8.ToArray());

        client.Until("PING").ShouldBe("PING ack is over ");
        counts.Broken("ok").ShouldBe(0);
    }

    private static byte[] Call(int stream, params string[] fields) =>
        Request(stream, "/test.Echo/Unary", "POST", ended: false, ["content-type: application/grpc", "te: trailers", .. fields]);

    private static byte[] WholeCall(int stream, params string[] fields) =>
        Request(stream, "/test.Echo/Unary", "POST", ended: true, ["content-type: application/grpc", "te: trailers", .. fields]);

    private static async Task Until(Func<bool> condition, string otherwise)
    {
        var patience = Stopwatch.StartNew();
        while (!condition() && patience.Elapsed < TimeSpan.FromSeconds(30))
            await Task.Delay(10);
        condition().ShouldBeTrue(otherwise);
    }
}
