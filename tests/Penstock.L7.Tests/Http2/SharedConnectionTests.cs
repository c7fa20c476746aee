// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Requests of many clients share a connection to an HTTP/2 origin: what one does, or is answered, ends no other.</summary>
public sealed class SharedConnectionTests
{
    /// <summary>More frames than a server may send to streams that are closed, but no more than the window that the stream had.</summary>
    [Fact]
    public async Task Client_ThatCancels_WhatTheOriginHadSentByThen_CountsForNothing()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2")]);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Next();
        client.SendFrame(RstStream, 0, 1, Number(8));
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        origin.Send([.. Response(1, 200, ended: false), .. Enumerable.Repeat(Frame(Data, 0, 1, 0), 15_000).SelectMany(frame => frame), .. Response(3)]);

        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 200");
    }

    [Fact]
    public async Task FramesOfClosedStreams_BeyondTheirWindows_EndTheConnection()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2")]);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Next();
        client.SendFrame(RstStream, 0, 1, Number(8));
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        var sending = Task.Run(() => origin.TrySend([.. Enumerable.Repeat(Frame(Data, 0, 1, 0), 100_000).SelectMany(frame => frame)]));

        origin.LastGoAway().ShouldBe("GOAWAY 0 ENHANCE_YOUR_CALM");
        await sending;
        client.Until("HEADERS").ShouldStartWith("HEADERS 3 | :status: 502");
    }

    /// <summary>In several frames, larger than any head may be: it is read to its end, as the table that both keep must stay in step.</summary>
    [Fact]
    public async Task Head_ThatIsTooLarge_IsRefusedAlone()
    {
        await using var engine = StreamOriginTests.H2(pool: new PoolLimits { ResponseHeaderBytes = 1024 });
        using var client = engine.Connect();
        var encoder = new HpackEncoder(4096);
        var large = Blocks.Encode(encoder, ":status: 200", "x-large: " + new string('~', 30_000), "x-small: kept");

        client.Send([.. Request(1), .. Request(3)]);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Next();
        origin.Send([.. Frame(Headers, EndStream, 1, large[..16_000]), .. Frame(Continuation, EndHeaders, 1, large[16_000..])]);
        client.Until("HEADERS").ShouldStartWith("HEADERS 1 | :status: 502");
        origin.SendFrame(Headers, EndHeaders | EndStream, 3, Blocks.Encode(encoder, ":status: 200", "x-small: kept"));

        var head = client.Until("HEADERS");
        head.ShouldStartWith("HEADERS 3 end | :status: 200");
        head.ShouldContain(" | x-small: kept | ");
    }

    [Fact]
    public async Task EmptyFrames_OfManyStreams_AreEachStreamsOwn()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Request(1), .. Request(3), .. Request(5)]);
        using var origin = engine.AcceptStreams();
        for (var stream = 1; stream < 7; stream += 2)
        {
            origin.NextButWindows();
            origin.Send([.. Response(stream, 200, ended: false), .. Enumerable.Repeat(Frame(Data, 0, stream), 90).SelectMany(frame => frame), .. Frame(Data, EndStream, stream, 0)]);
            client.Until($"HEADERS {stream} ").ShouldStartWith($"HEADERS {stream} | :status: 200");
            client.Until($"DATA {stream} ").ShouldBe($"DATA {stream} 1 end");
        }
    }

    [Fact]
    public async Task EmptyFrames_TooManyOfOneStream_ResetItAlone()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Request(1), .. Request(3)]);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Next();
        origin.Send([.. Response(1, 200, ended: false), .. Enumerable.Repeat(Frame(Data, 0, 1), 1000).SelectMany(frame => frame)]);
        client.Until("HEADERS").ShouldStartWith("HEADERS 1 | :status: 200");
        client.NextButWindows().ShouldBe("RST_STREAM 1 INTERNAL_ERROR");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 ENHANCE_YOUR_CALM");
        origin.Send(Response(3));

        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 200");
    }
}
