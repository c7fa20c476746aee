// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;

namespace Penstock.L7.Tests.Http2;

/// <summary>A client that sends frames as a test says, right or wrong, and tells those that come as lines of text.</summary>
internal sealed class FrameClient : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Priority = 2;
    public const byte RstStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;
    public const byte EndStream = 1;
    public const byte Ack = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;

    private static readonly string[] Codes =
    [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",
        "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ];

    private readonly Socket _socket;
    private readonly HpackDecoder _decoder = new(4096);

    public FrameClient(IPEndPoint address)
    {
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000, SendTimeout = 30_000 };
        _socket.Connect(address);
    }

    private FrameClient(Socket accepted) => _socket = accepted;

    /// <summary>Bytes of the last DATA frame.</summary>
    public byte[] LastPayload { get; private set; } = [];

    public static byte[] Frame(byte type, byte flags, int stream, params byte[] payload)
    {
        var bytes = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, (payload.Length << 8) | type);
        bytes[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), stream);
        payload.CopyTo(bytes, 9);
        return bytes;
    }

    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] Request(int stream, string path = "/", string method = "GET", bool ended = true, params string[] fields) =>
        Frame(Headers, (byte)(EndHeaders | (ended ? EndStream : 0)), stream, Blocks.Literal([$":method: {method}", ":scheme: http", $":path: {path}", ":authority: shop.example.com", .. fields]));

    public void Begin(params (ushort Id, uint Value)[] settings)
    {
        var payload = new List<byte>();
        foreach (var (id, value) in settings)
            payload.AddRange([(byte)(id >> 8), (byte)id, .. Number(value)]);
        Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        SendFrame(Settings, 0, 0, [.. payload]);
        Expect("SETTINGS");
        Expect("WINDOW_UPDATE 0 983041");
        Expect("SETTINGS ack");
        SendFrame(Settings, Ack, 0);
    }

    /// <summary>The other role: an origin to which the proxy has connected, past preface and SETTINGS both ways.</summary>
    public static FrameClient Serve(Socket accepted, params (ushort Id, uint Value)[] settings)
    {
        var origin = new FrameClient(accepted);
        var preface = new byte[24];
        origin.TryReceive(preface).ShouldBeTrue("the proxy closes the connection");
        Encoding.ASCII.GetString(preface).ShouldBe("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        origin.Expect("SETTINGS");
        origin.Expect("WINDOW_UPDATE 0 6488065");
        origin.SendFrame(Settings, 0, 0, [.. settings.SelectMany(one => (byte[])[(byte)(one.Id >> 8), (byte)one.Id, .. Number(one.Value)])]);
        origin.SendFrame(Settings, Ack, 0);
        origin.Expect("SETTINGS ack");
        return origin;
    }

    /// <summary>A head of a response.</summary>
    public static byte[] Response(int stream, int status = 200, bool ended = true, params string[] fields) =>
        Frame(Headers, (byte)(EndHeaders | (ended ? EndStream : 0)), stream, Blocks.Literal([$":status: {status}", .. fields]));

    public void Send(params byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
            at += _socket.Send(bytes, at, bytes.Length - at, SocketFlags.None);
    }

    /// <summary>Sends as much as is taken.</summary>
    public bool TrySend(byte[] bytes)
    {
        try
        {
            Send(bytes);
            return true;
        }
        catch (SocketException)
        {
            return false; // The proxy has closed.
        }
    }

    public void SendFrame(byte type, byte flags, int stream, params byte[] payload) => Send(Frame(type, flags, stream, payload));

    /// <summary>The next frame as text: <c>HEADERS 1 end | :status: 200 | …</c>, <c>DATA 1 5</c>, <c>RST_STREAM 1 CANCEL</c>; <c>end</c>: the connection is closed.</summary>
    public string Next()
    {
        var header = new byte[9];
        if (!TryReceive(header))
            return "end";
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        if (!TryReceive(payload))
            return "end";
        var stream = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
        return Describe(header[3], header[4], stream, payload);
    }

    /// <summary>The next frame but for updates of windows.</summary>
    public string NextButWindows()
    {
        string frame;
        do
            frame = Next();
        while (frame.StartsWith("WINDOW_UPDATE", StringComparison.Ordinal));
        return frame;
    }

    public void Expect(string expected) => Next().ShouldBe(expected);

    /// <summary>Frames until one begins so, with it.</summary>
    public string Until(string begin)
    {
        while (true)
        {
            var frame = Next();
            if (frame.StartsWith(begin, StringComparison.Ordinal))
                return frame;
            frame.ShouldNotBe("end", $"the connection ends before {begin}");
        }
    }

    /// <summary>The GOAWAY that is the last frame before the end.</summary>
    public string LastGoAway()
    {
        var (last, frame) = ("", "");
        for (; frame != "end"; frame = Next())
            last = frame.StartsWith("GOAWAY", StringComparison.Ordinal) ? frame : last;
        return last;
    }

    /// <summary>Sends no more.</summary>
    public void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The proxy has closed.
        }
    }

    public void Dispose() => _socket.Dispose();

    public void Reset() => _socket.Close(timeout: 0);

    private static string Code(ReadOnlySpan<byte> payload) => Codes[BinaryPrimitives.ReadInt32BigEndian(payload)];

    private string Describe(byte type, byte flags, int stream, byte[] payload)
    {
        var end = (flags & EndStream) != 0 ? " end" : "";
        switch (type)
        {
            case Data:
                LastPayload = payload;
                return $"DATA {stream} {payload.Length}{end}";
            case Headers:
                (flags & EndHeaders).ShouldBe(EndHeaders);
                return $"HEADERS {stream}{end} | {string.Join(" | ", Blocks.Decode(_decoder, payload).Where(line => !line.StartsWith("date:", StringComparison.Ordinal)))}";
            case RstStream: return $"RST_STREAM {stream} {Code(payload)}";
            case Settings: return (flags & Ack) != 0 ? "SETTINGS ack" : "SETTINGS";
            case Ping: return $"PING{((flags & Ack) != 0 ? " ack" : "")} {Encoding.Latin1.GetString(payload)}";
            case GoAway: return $"GOAWAY {BinaryPrimitives.ReadInt32BigEndian(payload)} {Code(payload.AsSpan(4))}";
            case WindowUpdate: return $"WINDOW_UPDATE {stream} {BinaryPrimitives.ReadInt32BigEndian(payload)}";
            default: return $"type {type}";
        }
    }

    private bool TryReceive(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            int received;
            try
            {
                received = _socket.Receive(bytes, at, bytes.Length - at, SocketFlags.None);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                return false;
            }

            if (received == 0)
                return false;
            at += received;
        }

        return true;
    }
}
