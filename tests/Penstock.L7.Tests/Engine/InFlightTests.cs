// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Tests.Http2;

namespace Penstock.L7.Tests.Engine;

/// <summary>What a reactor goes by when it waits for more: requests that have begun and not ended.</summary>
public sealed class InFlightTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Request_OfHttp1_IsInFlightUntilItIsAnswered()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        client.Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        engine.InFlight().ShouldBe(1);

        Http2Engine.Send(origin, Answer);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200");
        SpinWait.SpinUntil(() => engine.InFlight() == 0, s_patience).ShouldBeTrue();
    }

    [Fact]
    public async Task Streams_OfHttp2_AreInFlightUntilTheyAreAnswered()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send([.. FrameClient.Request(1, "/a"), .. FrameClient.Request(3, "/b")]);
        using var first = engine.Accept();
        using var second = engine.Accept();
        Http2Engine.ReadHead(first);
        Http2Engine.ReadHead(second);
        engine.InFlight().ShouldBe(2);

        Http2Engine.Send(first, Answer);
        SpinWait.SpinUntil(() => engine.InFlight() == 1, s_patience).ShouldBeTrue();
        Http2Engine.Send(second, Answer);

        SpinWait.SpinUntil(() => engine.InFlight() == 0, s_patience).ShouldBeTrue();
    }
}
