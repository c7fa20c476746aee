// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>HTTP/2 origins that refuse, break off, break the rules, or are dead: clients see an error or a broken response, never a short one.</summary>
public sealed class HostileOriginTests
{
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

    [Fact]
    public async Task RefusedStream_IsSentAgain_WhateverItsMethod()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.SendFrame(RstStream, 0, 1, Number(7));
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: POST");
        origin.Send(Response(3));

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    public async Task RefusedStream_WithAShortBody_IsSentAgainWhole(string rest)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\n" + rest);
        using var origin = engine.AcceptStreams();
        origin.Next();
        Content(1).ShouldBe(5);
        origin.SendFrame(RstStream, 0, 1, Number(7));
        origin.NextButWindows().ShouldStartWith("HEADERS 3 | :method: POST");
        Content(3).ShouldBe(5);
        origin.Send(Response(3));
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");

        int Content(int stream)
        {
            var bytes = 0;
            for (var frame = ""; !frame.EndsWith(" end", StringComparison.Ordinal);)
            {
                frame = origin.Next();
                frame.ShouldStartWith($"DATA {stream} ");
                bytes += origin.LastPayload.Length;
            }

            return bytes;
        }
    }

    /// <summary>What was kept of the body is framed for the connection that it goes over now: bare, it could be taken for another request.</summary>
    [Fact]
    public async Task RefusedStream_SentAgainOverAnotherProtocol_IsFramedAnew()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.NextButWindows().ShouldBe("DATA 1 5");
        engine.Apply();
        (await engine.Engine.IsAliveAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue(); // The reactor has taken it.
        origin.SendFrame(RstStream, 0, 1, Number(7));
        using var plain = engine.Accept();
        Http2Engine.ReadHead(plain).ShouldContain("Transfer-Encoding: chunked\r\n");
        Http2Engine.Send(client, "0\r\n\r\n");

        Http2Engine.ReadBytes(plain, 15).ShouldBe("5\r\nhello\r\n0\r\n\r\n");
    }

    [Fact]
    public async Task RefusedStream_AgainAndAgain_IsAnError()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        for (var stream = 1; stream < 9; stream += 2)
        {
            origin.NextButWindows().ShouldStartWith($"HEADERS {stream} end");
            origin.SendFrame(RstStream, 0, stream, Number(7));
        }

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=destination_unavailable; details=\"stream_refused\"\r\n");
    }

    [Fact]
    public async Task GoAway_RequestsBehindItsLastStream_GoOverAnotherConnection()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1", "POST"), .. Request(3, "/2", "POST")]);
        using var first = engine.AcceptStreams();
        first.Next();
        first.Next();
        first.SendFrame(GoAway, 0, 0, [.. Number(1), .. Number(0)]);
        using var second = engine.AcceptStreams();
        second.Next().ShouldContain(" | :path: /2 | ");
        second.Send(Response(1, 202));
        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 202");
        first.Send(Response(1, 201));
        client.Until("HEADERS").ShouldStartWith("HEADERS 1 end | :status: 201");

        first.NextButWindows().ShouldBe("GOAWAY 0 NO_ERROR");
        first.Expect("end");
    }

    [Fact]
    public async Task Reset_BeforeTheHead_IsAnError()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.SendFrame(RstStream, 0, 1, Number(2));

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=connection_terminated; details=\"stream_reset\"\r\n");
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("close")]
    [InlineData("goaway")]
    [InlineData("short")]
    public async Task Response_ThatBreaksOff_IsNeverPassedAsWhole(string how)
    {
        await using var engine = StreamOriginTests.H2();
        using var plain = engine.ConnectPlain();
        using var client = engine.Connect();

        Http2Engine.Send(plain, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var origin = engine.AcceptStreams();
        origin.Next();
        client.Send(Request(1));
        origin.Next();
        string[] length = how == "short" ? ["content-length: 9"] : [];
        origin.Send([.. Response(1, 200, ended: false, length), .. Frame(Data, 0, 1, "hello"u8.ToArray()), .. Response(3, 200, ended: false, length), .. Frame(Data, 0, 3, "hello"u8.ToArray())]);
        client.Until("HEADERS");
        client.Expect("DATA 1 5");
        switch (how)
        {
            case "reset": origin.Send([.. Frame(RstStream, 0, 1, Number(0)), .. Frame(RstStream, 0, 3, Number(2))]); break;
            case "short": origin.Send([.. Frame(Data, EndStream, 1), .. Frame(Data, EndStream, 3)]); break;
            case "goaway": origin.SendFrame(GoAway, 0, 0, [.. Number(0), .. Number(2)]); break;
            default: origin.Reset(); break;
        }

        client.NextButWindows().ShouldBe("RST_STREAM 1 INTERNAL_ERROR");
        var head = Http2Engine.ReadHead(plain);
        Http2Engine.ReadBytes(plain, how == "short" ? 5 : 10).ShouldBe(how == "short" ? "hello" : "5\r\nhello\r\n", head);
        plain.Receive(new byte[1]).ShouldBe(0); // Without the last chunk, or short of its length.
        origin.Dispose();
    }

    [Theory]
    [InlineData("status_out_of_range", ":status: 101")]
    [InlineData("status_line_malformed", ":status: 20x")]
    [InlineData("pseudo_field_missing", "x: 1")]
    [InlineData("pseudo_field_unknown", ":status: 200", ":path: /")]
    [InlineData("pseudo_field_repeated", ":status: 200", ":status: 200")]
    [InlineData("pseudo_field_late", "x: 1", ":status: 200")]
    [InlineData("field_not_allowed", ":status: 200", "connection: close")]
    [InlineData("field_not_allowed", ":status: 200", "transfer-encoding: chunked")]
    [InlineData("field_name_uppercase", ":status: 200", "X: 1")]
    [InlineData("bare_cr", ":status: 200", "x: a\rb")]
    [InlineData("content_length_mismatch", ":status: 200", "content-length: 5")]
    [InlineData("content_length_malformed", ":status: 200", "content-length: +5")]
    public async Task Head_ThatIsMalformed_IsRefused(string rule, params string[] fields)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.SendFrame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(fields));

        Http2Engine.ReadHead(client).ShouldContain($"Proxy-Status: lb1; error=http_protocol_error; details=\"{rule}\"\r\n");
    }

    [Fact]
    public async Task Head_ThatIsTooLarge_IsRefused()
    {
        await using var engine = StreamOriginTests.H2(pool: new PoolLimits { ResponseHeaderBytes = 1024 });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(Response(1, 200, ended: true, "x: " + new string('a', 2000)));

        Http2Engine.ReadHead(client).ShouldContain("error=http_response_header_section_size\r\n");
    }

    [Fact]
    public async Task Origin_ThatSpeaksHttp11_IsAnError()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.Accept();
        Http2Engine.Send(origin, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=http_protocol_error; details=\"stream_protocol_error\"\r\n");
    }

    [Fact]
    public async Task Origin_ThatTellsNoSettings_IsGivenUp()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Connect = TimeSpan.FromMilliseconds(200) });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.Accept();

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=connection_timeout\r\n");
    }

    [Fact]
    public async Task Origin_ThatTakesNoStreams_IsLeftInOrder()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams((3, 0));

        origin.LastGoAway().ShouldBe("GOAWAY 0 NO_ERROR");
        Http2Engine.ReadHead(client).ShouldContain("error=destination_unavailable; details=\"stream_refused\"\r\n");
    }

    [Fact]
    public async Task Origin_ThatGivesNoWindow_IsGivenUp()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Body = TimeSpan.FromMilliseconds(300) });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        using var origin = engine.AcceptStreams((4, 0));
        origin.Next();

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=connection_write_timeout\r\n");
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
    }

    [Fact]
    public async Task Origin_ThatIsDead_IsAskedByPing_ThenLeft()
    {
        await using var engine = StreamOriginTests.H2(new ClusterTimeouts { Response = TimeSpan.FromSeconds(3) });
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        using var dead = engine.AcceptStreams();
        dead.Next().ShouldStartWith("HEADERS 1 end");
        dead.NextButWindows().ShouldBe("PING penstock");
        using var other = engine.AcceptStreams();
        other.Next().ShouldStartWith("HEADERS 1 end");
        other.Send(Response(1, 203));

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 203 ");
    }

    [Theory]
    [InlineData("PROTOCOL_ERROR", "push")]
    [InlineData("PROTOCOL_ERROR", "allow push")]
    [InlineData("PROTOCOL_ERROR", "stream")]
    [InlineData("PROTOCOL_ERROR", "idle")]
    [InlineData("FLOW_CONTROL_ERROR", "window")]
    [InlineData("COMPRESSION_ERROR", "block")]
    [InlineData("ENHANCE_YOUR_CALM", "continuations")]
    [InlineData("ENHANCE_YOUR_CALM", "settings")]
    public async Task Rules_ThatAreBroken_EndTheConnection_AndItsRequests(string code, string how)
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Post);
        using var origin = engine.AcceptStreams();
        origin.Next();
        var bytes = how switch
        {
            "push" => Frame(PushPromise, EndHeaders, 1, Number(2)),
            "allow push" => Frame(Settings, 0, 0, [0, 2, .. Number(1)]),
            "stream" => Response(2),
            "idle" => Response(3),
            "window" => [.. Response(1, 200, ended: false), .. Enumerable.Repeat(Frame(WindowUpdate, 0, 0, Number(int.MaxValue)), 2).SelectMany(frame => frame)],
            "block" => Frame(Headers, EndHeaders, 1, 0xff),
            "continuations" => [.. Frame(Headers, 0, 1), .. Enumerable.Repeat(Frame(Continuation, 0, 1), 20).SelectMany(frame => frame)],
            _ => [.. Enumerable.Repeat(Frame(Settings, 0, 0), 30_000).SelectMany(frame => frame)],
        };
        var sending = Task.Run(() => origin.TrySend(bytes)); // Beside the reading: else answers to what was sent before may fill the way.

        origin.LastGoAway().ShouldBe($"GOAWAY 0 {code}");
        await sending;
        var head = Http2Engine.ReadHead(client);
        if (how == "window")
        {
            head.ShouldStartWith("HTTP/1.1 200 ");
            client.Receive(new byte[1]).ShouldBe(0); // Without the last chunk.
        }
        else
        {
            head.ShouldStartWith("HTTP/1.1 502 ");
            head.ShouldContain("Proxy-Status: lb1; error=http_protocol_error; details=\"stream_protocol_error\"\r\n");
        }
    }
}
