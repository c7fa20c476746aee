// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2;
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.Health.Tests.FrameServer;

namespace Penstock.Health.Tests;

/// <summary>Checks by gRPC, whose answers are scripted frame by frame.</summary>
public sealed class GrpcCheckTests
{
    private static readonly HealthCheckConfig Grpc = new() { Type = HealthCheckType.Grpc };

    public static TheoryData<string, byte[], string?> Answers => new()
    {
        { "serving", [.. Settings, .. Of(0x08, 0x01)], null },
        { "serving, and fields that are not known", [.. Settings, .. Of(0x12, 0x01, 0x41, 0x1D, 1, 2, 3, 4, 0x08, 0x01, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 0x81, 0x01)], null },
        { "not serving", [.. Settings, .. Of(0x08, 0x02)], "NOT_SERVING, expected SERVING" },
        { "no status", [.. Settings, .. Of()], "UNKNOWN, expected SERVING" },
        { "unknown here", [.. Settings, .. Of(0x08, 0x03)], "SERVICE_UNKNOWN, expected SERVING" },
        { "status of tomorrow", [.. Settings, .. Of(0x08, 0x09)], "health status 9, expected SERVING" },
        { "cut message", [.. Settings, .. Of(0x08)], "the response is no HealthCheckResponse" },
        { "field beyond the message", [.. Settings, .. Of(0x12, 0x7F)], "the response is no HealthCheckResponse" },
        { "compressed", [.. Settings, .. GrpcHead, .. Data(1, 0, 0, 0, 2, 0x08, 0x01), .. Trailers], "the response is no HealthCheckResponse" },
        { "no message", [.. Settings, .. GrpcHead, .. Trailers], "the response is no HealthCheckResponse" },
        { "trailers only", [.. Settings, .. LastHead(":status: 200", "content-type: application/grpc+proto", "grpc-status: 5", "grpc-message: unknown%20service%0A")], "grpc-status 5: unknown service?" },
        { "no grpc-status", [.. Settings, .. GrpcHead, .. LastHead("x: y")], "the response has no grpc-status" },
        { "page", [.. Settings, .. LastHead(":status: 200", "content-type: text/html")], "the response is not gRPC" },
        { "gRPC-Web", [.. Settings, .. LastHead(":status: 200", "content-type: application/grpc-web", "grpc-status: 0")], "the response is not gRPC" },
        { "other status", [.. Settings, .. LastHead(":status: 503")], "status 503, expected 200" },
        { "reset", [.. Settings, .. Frame(FrameType.RstStream, FrameFlags.None, 1, 0, 0, 0, 7)], "the endpoint reset the stream: REFUSED_STREAM" },
        { "end of the connection", [.. Settings, .. Frame(FrameType.GoAway, FrameFlags.None, 0, 0, 0, 0, 0, 0, 0, 0, 11)], "the endpoint ended the connection: ENHANCE_YOUR_CALM" },
        { "end after this call", [.. Settings, .. Frame(FrameType.GoAway, FrameFlags.None, 0, 0, 0, 0, 1, 0, 0, 0, 0), .. Of(0x08, 0x01)], null },
        { "frames about the connection", [.. Settings, .. Frame(FrameType.WindowUpdate, FrameFlags.None, 0, 0, 0, 1, 0), .. Frame((FrameType)0xFE, FrameFlags.None, 0, 1), .. Of(0x08, 0x01)], null },
        { "interim head", [.. Settings, .. Head(":status: 103"), .. Of(0x08, 0x01)], null },
        { "no head", [.. Settings, .. Data(0, 0, 0, 0, 0)], "the response breaks HTTP/2: message_malformed" },
        { "push", [.. Settings, .. Frame(FrameType.PushPromise, FrameFlags.EndHeaders, 1, 0, 0, 0, 2)], "the response breaks HTTP/2: push_not_allowed" },
        { "broken block", [.. Settings, .. Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0x80)], "the response breaks HTTP/2: field_block_invalid" },
        { "other stream", [.. Settings, .. Frame(FrameType.Data, FrameFlags.None, 3)], "the response breaks HTTP/2: stream_idle" },
        { "cut block", [.. Settings, .. Frame(FrameType.Headers, FrameFlags.None, 1), .. Trailers], "the response breaks HTTP/2: continuation_expected" },
        { "HTTP/1.1", Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n\r\n"), "the response is not HTTP/2" },
        { "no settings", [.. Of(0x08, 0x01)], "the response is not HTTP/2" },
        { "nothing", [], "closed without a response" },
        { "end too early", [.. Settings, .. GrpcHead], "closed before the end of the response" },
    };

    private static byte[] GrpcHead => Head(":status: 200", "content-type: application/grpc");

    private static byte[] Trailers => LastHead("grpc-status: 0");

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task GrpcCheck_Answer_PassesOrSaysWhy(string what, byte[] answer, string? failure)
    {
        using var server = new FrameServer();
        var asked = server.AnswerAsync(answer);

        (await new GrpcCheck(new HealthTarget("c", Grpc, [server.Endpoint])).RunAsync(server.Endpoint, default)).ShouldBe(failure, what);
        await asked;
    }

    [Fact]
    public async Task GrpcCheck_Request_IsACallOfItsService()
    {
        using var server = new FrameServer();
        var asked = server.AnswerAsync([.. Settings, .. Of(0x08, 0x01)]);

        await new GrpcCheck(new HealthTarget("c", Grpc with { Service = "shop.Cart", Host = "shop.example.com", Timeout = TimeSpan.FromSeconds(3) }, [server.Endpoint])).RunAsync(server.Endpoint, default);

        (await asked).ShouldBe(
        [
            ":method: POST", ":scheme: http", ":authority: shop.example.com", ":path: /grpc.health.v1.Health/Check", "user-agent: penstock-health", "te: trailers",
            "content-type: application/grpc", "grpc-timeout: 3000m", "000000000b0a0973686f702e43617274",
        ]);
    }

    [Fact]
    public async Task GrpcCheck_NoService_AsksForTheServer()
    {
        using var server = new FrameServer();
        var asked = server.AnswerAsync([.. Settings, .. Of(0x08, 0x01)]);

        await new GrpcCheck(new HealthTarget("c", Grpc, [server.Endpoint])).RunAsync(server.Endpoint, default);

        var said = await asked;
        said.ShouldContain($":authority: {server.Endpoint}");
        said[^1].ShouldBe("0000000000");
    }

    [Fact]
    public async Task GrpcCheck_AnswerInPieces_Passes()
    {
        using var server = new FrameServer();
        var head = Blocks.Literal(":status: 200", "content-type: application/grpc");
        byte[] answer =
        [
            .. Settings, .. Frame(FrameType.Headers, FrameFlags.None, 1, head[..5]), .. Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, head[5..]),
            .. Frame(FrameType.Data, FrameFlags.Padded, 1, 2, 0, 0, 0, 0, 0, 0), .. Data(2, 0x08, 0x01), .. Trailers,
        ];
        var asked = server.AnswerAsync(answer, pieceBytes: 1);

        (await new GrpcCheck(new HealthTarget("c", Grpc, [server.Endpoint])).RunAsync(server.Endpoint, default)).ShouldBeNull();
        await asked;
    }

    [Fact]
    public async Task GrpcCheck_EndpointThatAsksFirst_IsAnswered()
    {
        using var server = new FrameServer();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var asked = server.AnswerAsync(Of(0x08, 0x01), asksFirst: true);

        (await new GrpcCheck(new HealthTarget("c", Grpc, [server.Endpoint])).RunAsync(server.Endpoint, patience.Token)).ShouldBeNull();
        await asked;
        server.Acknowledged.ShouldBe([FrameType.Settings, FrameType.Ping]);
    }

    [Fact]
    public async Task GrpcCheck_EndlessAnswer_StopsReading()
    {
        using var server = new FrameServer();
        var content = Data(new byte[16_000]);
        var asked = server.AnswerAsync([.. Settings, .. GrpcHead, .. Enumerable.Repeat(content, 5).SelectMany(frame => frame)]);

        (await new GrpcCheck(new HealthTarget("c", Grpc, [server.Endpoint])).RunAsync(server.Endpoint, default)).ShouldBe("no end of the response within 65536 bytes");
        await asked;
    }

    [Theory]
    [InlineData("200", null)]
    [InlineData("399", null)]
    [InlineData("404", "status 404, expected 200-399")]
    public async Task Http2Check_Answer_PassesOrSaysWhy(string status, string? failure)
    {
        using var server = new FrameServer();
        var asked = server.AnswerAsync([.. Settings, .. Head(":status: 100"), .. Head(":status: " + status)]);
        var target = new HealthTarget("c", new HealthCheckConfig { Type = HealthCheckType.Http, Path = "/healthz?x=1" }, [server.Endpoint]) { Protocol = UpstreamProtocol.H2 };

        (await new Http2Check(target).RunAsync(server.Endpoint, default)).ShouldBe(failure);

        (await asked).ShouldBe([":method: GET", ":scheme: http", $":authority: {server.Endpoint}", ":path: /healthz?x=1", "user-agent: penstock-health", "accept: */*"]);
    }

    // A head, a message and trailers.
    private static byte[] Of(params byte[] message) => [.. GrpcHead, .. Data([0, 0, 0, 0, (byte)message.Length, .. message]), .. Trailers];
}
