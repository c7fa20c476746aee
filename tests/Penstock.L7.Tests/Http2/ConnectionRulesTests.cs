// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>RFC 9113 sections 4 to 8 as raw frames in and what comes back.</summary>
public sealed class ConnectionRulesTests
{
    private const string ProtocolError = "PROTOCOL_ERROR";
    private const string FrameSizeError = "FRAME_SIZE_ERROR";
    private const string FlowControlError = "FLOW_CONTROL_ERROR";

    /// <summary>What breaks the connection: case, frames, code of GOAWAY.</summary>
    public static TheoryData<string, byte[][], string> ConnectionErrors => new()
    {
        { "4.2 frame beyond SETTINGS_MAX_FRAME_SIZE", [Frame(Data, 0, 1, new byte[16385])], FrameSizeError },
        { "4.2 the same of an unknown type", [Frame(0x42, 0, 0, new byte[16385])], FrameSizeError },
        { "4.3 block that can't be decoded", [Frame(Headers, EndHeaders | EndStream, 1, 0x80)], "COMPRESSION_ERROR" },
        { "4.3 another frame within a block", [Frame(Headers, EndStream, 1), Frame(Ping, 0, 0, new byte[8])], ProtocolError },
        { "4.3 CONTINUATION of another stream", [Frame(Headers, EndStream, 1), Frame(Continuation, EndHeaders, 3)], ProtocolError },
        { "5.1 DATA on an idle stream", [Frame(Data, EndStream, 1, 1)], ProtocolError },
        { "5.1 RST_STREAM on an idle stream", [Frame(RstStream, 0, 1, Number(8))], ProtocolError },
        { "5.1 WINDOW_UPDATE on an idle stream", [Frame(WindowUpdate, 0, 1, Number(8))], ProtocolError },
        { "5.1 CONTINUATION without HEADERS", [Frame(Continuation, EndHeaders, 1)], ProtocolError },
        { "5.1.1 stream with an even number", [Request(2)], ProtocolError },
        { "5.1.1 stream with a lower number than another", [Request(5, "/slow", "POST", ended: false), Request(3)], ProtocolError },
        { "6.1 DATA on stream 0", [Frame(Data, 0, 0, 1)], ProtocolError },
        { "6.1 padding as long as the payload", [Request(1, "/slow", "POST", ended: false), Frame(Data, Padded, 1, 2, 0)], ProtocolError },
        { "6.1 padded without a length", [Request(1, "/slow", "POST", ended: false), Frame(Data, Padded, 1)], FrameSizeError },
        { "6.2 HEADERS on stream 0", [Frame(Headers, EndHeaders, 0, 0x82)], ProtocolError },
        { "6.2 padding longer than the block", [Frame(Headers, EndHeaders | Padded, 1, 9, 0x82)], ProtocolError },
        { "6.3 PRIORITY on stream 0", [Frame(Priority, 0, 0, new byte[5])], ProtocolError },
        { "6.4 RST_STREAM on stream 0", [Frame(RstStream, 0, 0, Number(8))], ProtocolError },
        { "6.4 RST_STREAM of a wrong length", [Request(1, "/slow", "POST", ended: false), Frame(RstStream, 0, 1, 0, 0, 8)], FrameSizeError },
        { "6.5 SETTINGS on a stream", [Frame(Settings, 0, 1)], ProtocolError },
        { "6.5 SETTINGS of a wrong length", [Frame(Settings, 0, 0, 0, 1, 0)], FrameSizeError },
        { "6.5 ack with settings", [Frame(Settings, Ack, 0, new byte[6])], FrameSizeError },
        { "6.5.2 ENABLE_PUSH of 2", [Frame(Settings, 0, 0, 0, 2, 0, 0, 0, 2)], ProtocolError },
        { "6.5.2 INITIAL_WINDOW_SIZE of 2^31", [Frame(Settings, 0, 0, 0, 4, 0x80, 0, 0, 0)], FlowControlError },
        { "6.5.2 MAX_FRAME_SIZE of 16383", [Frame(Settings, 0, 0, 0, 5, 0, 0, 0x3f, 0xff)], ProtocolError },
        { "6.5.2 MAX_FRAME_SIZE of 2^24", [Frame(Settings, 0, 0, 0, 5, 1, 0, 0, 0)], ProtocolError },
        { "RFC 8441 section 3 ENABLE_CONNECT_PROTOCOL of 2", [Frame(Settings, 0, 0, 0, 8, 0, 0, 0, 2)], ProtocolError },
        { "6.6 PUSH_PROMISE of a client", [Frame(PushPromise, EndHeaders, 1, 0, 0, 0, 2, 0x82)], ProtocolError },
        { "6.7 PING on a stream", [Frame(Ping, 0, 1, new byte[8])], ProtocolError },
        { "6.7 PING of a wrong length", [Frame(Ping, 0, 0, new byte[6])], FrameSizeError },
        { "6.8 GOAWAY on a stream", [Frame(GoAway, 0, 1, new byte[8])], ProtocolError },
        { "6.9 WINDOW_UPDATE of 0", [Frame(WindowUpdate, 0, 0, Number(0))], ProtocolError },
        { "6.9 WINDOW_UPDATE of a wrong length", [Frame(WindowUpdate, 0, 0, 0, 0, 1)], FrameSizeError },
        { "6.9.1 window of the connection beyond 2^31-1", [Frame(WindowUpdate, 0, 0, Number(0x7fffffff))], FlowControlError },
        { "8.4 CONTINUATION behind the end of a block", [Request(1, "/slow", "POST", ended: false), Frame(Continuation, EndHeaders, 1)], ProtocolError },
    };

    /// <summary>What breaks a stream: case, frames, code of RST_STREAM 1.</summary>
    public static TheoryData<string, byte[][], string> StreamErrors => new()
    {
        { "5.1 DATA behind the end", [Request(1, "/slow"), Frame(Data, EndStream, 1, 1)], "STREAM_CLOSED" },
        { "5.1 HEADERS behind the end", [Request(1, "/slow"), Request(1)], "STREAM_CLOSED" },
        { "6.3 PRIORITY of a wrong length", [Request(1, "/slow"), Frame(Priority, 0, 1, 1, 2)], FrameSizeError },
        { "6.9 WINDOW_UPDATE of 0", [Request(1, "/slow"), Frame(WindowUpdate, 0, 1, Number(0))], ProtocolError },
        { "6.9.1 window beyond 2^31-1", [Request(1, "/slow"), Frame(WindowUpdate, 0, 1, Number(0x7fffffff))], FlowControlError },
        { "8.1 trailers without END_STREAM", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders, 1, Blocks.Literal("x: y"))], ProtocolError },
        { "8.1 pseudo-field in trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":path: /"))], ProtocolError },
        { "8.1 upper case in trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("X: y"))], ProtocolError },
        { "8.1.1 content longer than announced", [Request(1, "/slow", "POST", ended: false, "content-length: 1"), Frame(Data, 0, 1, 1, 2)], ProtocolError },
        { "8.1.1 content shorter than announced", [Request(1, "/slow", "POST", ended: false, "content-length: 3"), Frame(Data, EndStream, 1, 1, 2)], ProtocolError },
        { "8.1.1 content shorter, ended by trailers", [Request(1, "/slow", "POST", ended: false, "content-length: 3"), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x: y"))], ProtocolError },
        { "8.2 upper case in a name", [Request(1, "/slow", "GET", ended: true, "Upper: x")], ProtocolError },
        { "8.2.1 CR LF and a field in a value", [Request(1, "/slow", "GET", ended: true, "x: a\r\nhost: evil")], ProtocolError },
        { "8.2.1 CR LF and a field in a value of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x: a\r\nhost: evil"))], ProtocolError },
        { "8.2.1 LF in a value", [Request(1, "/slow", "GET", ended: true, "x: a\nb")], ProtocolError },
        { "8.2.1 LF in a value of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x: a\nb"))], ProtocolError },
        { "8.2.1 NUL in a value", [Request(1, "/slow", "GET", ended: true, "x: a\0b")], ProtocolError },
        { "8.2.1 NUL in a value of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x: a\0b"))], ProtocolError },
        { "8.2.1 CR LF in a name", [Request(1, "/slow", "GET", ended: true, "x\r\nhost: evil")], ProtocolError },
        { "8.2.1 CR LF in a name of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x\r\nhost: evil"))], ProtocolError },
        { "8.2.1 a colon in a name", [Request(1, "/slow", "GET", ended: true, "x:y: a")], ProtocolError },
        { "8.2.1 a colon in a name of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x:y: a"))], ProtocolError },
        { "8.2.1 a space in a name", [Request(1, "/slow", "GET", ended: true, "x y: a")], ProtocolError },
        { "8.2.1 a space in a name of trailers", [Request(1, "/slow", "POST", ended: false), Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x y: a"))], ProtocolError },
        { "8.2.2 Connection", [Request(1, "/slow", "GET", ended: true, "connection: close")], ProtocolError },
        { "8.2.2 TE", [Request(1, "/slow", "GET", ended: true, "te: gzip")], ProtocolError },
        { "8.3 unknown pseudo-field", [Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":method: GET", ":scheme: http", ":path: /", ":authority: a", ":x: y"))], ProtocolError },
        { "8.3 pseudo-field behind others", [Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":method: GET", ":scheme: http", ":path: /", "x: y", ":authority: a"))], ProtocolError },
        { "8.3.1 empty path", [Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":method: GET", ":scheme: http", ":path: ", ":authority: a"))], ProtocolError },
        { "8.3.1 no path", [Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":method: GET", ":scheme: http", ":authority: a"))], ProtocolError },
        { "8.3.1 no method", [Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal(":path: /", ":scheme: http", ":authority: a"))], ProtocolError },
        { "8.3.1 method twice", [Request(1, "/", "GET", ended: true, ":method: GET")], ProtocolError },
    };

    [Theory]
    [MemberData(nameof(ConnectionErrors))]
    public async Task Frames_ThatBreakTheConnection_AreAnsweredWithGoAway(string what, byte[][] frames, string code)
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(frames.SelectMany(frame => frame).ToArray());

        client.Until("GOAWAY").ShouldEndWith(code, Case.Sensitive, what);
        client.Expect("end");
    }

    [Theory]
    [MemberData(nameof(StreamErrors))]
    public async Task Frames_ThatBreakAStream_ResetIt(string what, byte[][] frames, string code)
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(frames.SelectMany(frame => frame).ToArray());

        client.Next().ShouldBe($"RST_STREAM 1 {code}", what);
        client.Send(Request(7, "/fixed"));
        client.Next().ShouldStartWith("HEADERS 7 | :status: 200", Case.Sensitive, "the connection goes on");
    }

    [Fact]
    public async Task FirstFrame_NotSettings_IsAProtocolError()
    {
        await using var engine = new Http2Engine();
        using var client = new FrameClient(engine.Address);

        client.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Ping, 0, 0, new byte[8])]);

        client.Until("GOAWAY").ShouldBe("GOAWAY 0 PROTOCOL_ERROR");
    }

    [Fact]
    public async Task Ping_IsAnswered()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.SendFrame(Ping, 0, 0, "whatever"u8.ToArray());

        client.Expect("PING ack whatever");
    }

    [Fact]
    public async Task UnknownTypesFlagsAndSettings_AreIgnored()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.SendFrame(0x42, 0xff, 0x7fffffff, 1, 2, 3);
        client.SendFrame(Settings, 0, 0, 0xff, 0xff, 1, 2, 3, 4);
        client.Expect("SETTINGS ack");
        client.SendFrame(Ping, 0xf0, 0, "whatever"u8.ToArray());
        client.Expect("PING ack whatever");
        client.SendFrame(Priority, 0, 9, 0, 0, 0, 1, 16);
        var request = Request(1, "/fixed");
        request[5] |= 0x80; // The reserved bit.
        client.Send(request);

        client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
        client.Expect("DATA 1 6 end");
    }

    [Fact]
    public async Task Requests_SplitAtEveryByte_AreAnswered()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        byte[] frames = [.. Request(1, "/fixed", ended: true, fields: "x: y"), .. Frame(Ping, 0, 0, "whatever"u8.ToArray())];
        foreach (var one in frames)
            client.Send(one);
        var answers = new[] { client.Next(), client.Next(), client.Next() };

        answers.ShouldContain(frame => frame.StartsWith("HEADERS 1 | :status: 200", StringComparison.Ordinal));
        answers.ShouldContain("DATA 1 6 end");
        answers.ShouldContain("PING ack whatever");
    }

    [Fact]
    public async Task Block_InContinuationsAndPadding_IsPutTogether()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        var block = Blocks.Literal(":method: GET", ":scheme: http", ":path: /fixed", ":authority: a", "x: y");

        client.SendFrame(Headers, EndStream | Padded | 0x20, 1, [3, 0, 0, 0, 0, 16, .. block[..10], 0, 0, 0]);
        client.SendFrame(Continuation, 0, 1);
        client.SendFrame(Continuation, 0, 1, block[10..20]);
        client.SendFrame(Continuation, EndHeaders, 1, block[20..]);

        client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
    }
}
