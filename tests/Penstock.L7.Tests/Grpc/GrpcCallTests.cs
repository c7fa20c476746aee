// SPDX-License-Identifier: Apache-2.0
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

    /// <summary>Whose end a status cannot be: that of a page of an error, or of content whose length was told.</summary>
    [Theory]
    [InlineData(200, "content-length: 10")]
    [InlineData(503, "x: 1")]
    public async Task Endpoint_ThatDiesInAnotherResponse_ResetsIt(int status, string field)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Call(1));
        using (var origin = engine.AcceptStreams())
        {
            origin.Next();
            origin.Send([.. Response(1, status, ended: false, field), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);
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

    private static byte[] Call(int stream, params string[] fields) =>
        Request(stream, "/test.Echo/Unary", "POST", ended: false, ["content-type: application/grpc", "te: trailers", .. fields]);
}
