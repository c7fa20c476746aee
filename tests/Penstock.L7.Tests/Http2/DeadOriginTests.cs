// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>HTTP/2 origins that say nothing more without ending their connection, and those that only owe nothing.</summary>
public sealed class DeadOriginTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Origin_ThatIsDead_IsAskedByPing_AfterItsClientHasGone()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromSeconds(1) });
        using var client = engine.Connect();

        client.Send(Request(1));
        using var dead = engine.AcceptStreams();
        dead.Next().ShouldStartWith("HEADERS 1 end");
        dead.Send(Response(1));
        client.Until("HEADERS").ShouldStartWith("HEADERS 1 end");
        client.Send(Request(3));
        dead.NextButWindows().ShouldStartWith("HEADERS 3 end");
        client.SendFrame(RstStream, 0, 3, Number(8));

        dead.NextButWindows().ShouldBe("RST_STREAM 3 CANCEL");
        dead.NextButWindows().ShouldBe("PING penstock");
        dead.Expect("end");
    }

    [Fact]
    public async Task Origin_ThatIsDead_IsFound_WhateverTheRequestsThatComeAndGo()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromSeconds(2) });
        var clock = Stopwatch.StartNew();
        FrameClient? dead = null;

        while (dead is null || !engine.HasConnection())
        {
            clock.Elapsed.ShouldBeLessThan(Patience, "nobody finds out");
            using var client = engine.ConnectPlain();
            Http2Engine.Send(client, Get);
            if (dead is null)
            {
                dead = engine.AcceptStreams();
                dead.Next().ShouldStartWith("HEADERS 1 end");
            }
            else
            {
                client.Poll(TimeSpan.FromMilliseconds(50), System.Net.Sockets.SelectMode.SelectRead).ShouldBeFalse("there is no answer to give");
            }
        }

        dead.Dispose();
        using var last = engine.ConnectPlain();
        Http2Engine.Send(last, Get);
        using var other = engine.AcceptStreams();
        other.Next().ShouldStartWith("HEADERS 1 end");
    }

    [Fact]
    public async Task Origin_ThatHasAnswered_IsNotAsked()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromMilliseconds(400), Idle = TimeSpan.FromSeconds(1) });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Get);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 end");
        origin.Send(Response(1));
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");

        origin.NextButWindows().ShouldBe("GOAWAY 0 NO_ERROR");
    }

    /// <summary>A stream of gRPC on which the client tells something now and then, and the server nothing.</summary>
    [Fact]
    public async Task Origin_WhoseResponseHasBegun_IsNotAsked()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromMilliseconds(400), Body = TimeSpan.FromSeconds(1) });
        using var client = engine.Connect();

        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.Send(Response(1, 200, ended: false));
        client.Until("HEADERS 1 | :status: 200");
        client.SendFrame(Data, 0, 1, "hello"u8.ToArray());
        origin.NextButWindows().ShouldBe("DATA 1 5");

        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL"); // After timeouts.body.
    }

    /// <summary>A stream of gRPC whose server says nothing before it has heard all.</summary>
    [Fact]
    public async Task Origin_ThatGetsMoreOfARequest_IsAskedOnce()
    {
        await using var engine = new Http2Engine(
            timeouts: new ListenerTimeouts { Body = TimeSpan.FromSeconds(3) },
            cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2, Timeouts = new ClusterTimeouts { Response = TimeSpan.FromSeconds(4) } });
        using var client = engine.Connect();

        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.NextButWindows().ShouldBe("PING penstock");
        origin.SendFrame(Ping, Ack, 0, "penstock"u8.ToArray());
        client.SendFrame(Data, 0, 1, "hello"u8.ToArray());
        origin.NextButWindows().ShouldBe("DATA 1 5");

        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL"); // After the listener's timeouts.body.
    }

    /// <summary>More often, and servers of gRPC end the connection (too_many_pings).</summary>
    [Fact]
    public async Task Origin_ThatWasAsked_IsAskedAgain_WhenItHasAnsweredARequest()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromSeconds(4) });
        using var client = engine.Connect();

        client.Send(Request(1));
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 end");
        origin.NextButWindows().ShouldBe("PING penstock");
        origin.SendFrame(Ping, Ack, 0, "penstock"u8.ToArray());
        client.Send(Request(3));
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL"); // After timeouts.response.
        origin.NextButWindows().ShouldBe("RST_STREAM 3 CANCEL");
        client.Send(Request(5));
        origin.NextButWindows().ShouldStartWith("HEADERS 5 end");
        origin.Send(Response(5));
        client.Until("HEADERS 5 ").ShouldStartWith("HEADERS 5 end | :status: 200");
        client.Send(Request(7));
        origin.NextButWindows().ShouldStartWith("HEADERS 7 end");

        origin.NextButWindows().ShouldBe("PING penstock");
    }
}
