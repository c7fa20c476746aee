// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L7;
using Penstock.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>What is counted of HTTP/2 origins.</summary>
[Collection(AloneCollection.Name)]
public sealed class StreamOriginCountsTests
{
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

    [Fact]
    public async Task Connection_CountsWhenItsOriginHasToldItsSettings()
    {
        using var connections = new Http2Counts("penstock.upstream.http2.connections");
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Connect = TimeSpan.FromSeconds(1) });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using (var silent = engine.Accept())
        {
            Http2Engine.ReadHead(client).ShouldContain("error=connection_timeout\r\n");
            connections.Total().ShouldBe(0);
        }

        using var other = engine.ConnectPlain();
        Http2Engine.Send(other, Post);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 end");
        connections.Total().ShouldBe(1);
    }

    [Fact]
    public async Task Stream_CountsWhenItIsSent()
    {
        using var streams = new Http2Counts("penstock.upstream.http2.streams");
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send(Request(1));
        using var origin = engine.AcceptStreams((6, 2000));
        origin.Next().ShouldStartWith("HEADERS 1 end");
        client.Send(Request(3, "/", "GET", ended: true, "x: " + new string('a', 2000)));
        client.Until("HEADERS").ShouldStartWith("HEADERS 3 | :status: 431");

        streams.Total().ShouldBe(1);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    public async Task GoAway_IsAFailureOfTheOrigin_UnlessItIsInOrder(uint code, long failures)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var first = engine.AcceptStreams();
        first.Next().ShouldStartWith("HEADERS 1 end");
        first.SendFrame(GoAway, 0, 0, [.. Number(0), .. Number(code)]);
        using var second = engine.AcceptStreams();
        second.Next().ShouldStartWith("HEADERS 1 end");

        engine.Engine.Status().Endpoints.ShouldHaveSingleItem().Failures.ShouldBe(failures);
    }
}
