// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Tests.Http2;

namespace Penstock.L7.Tests.Splicing;

/// <summary>Many bytes, no two stretches of which are alike, sent and received by hand.</summary>
internal static class BulkStream
{
    public const int Length = 8 << 20;
    public const string Get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static readonly byte[] Body = MakeBody();

    public static string AnswerHead(int length = Length) => $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n";

    public static string PutHead(int length = Length) => $"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n";

    public static void Send(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    public static Task SendAsync(Socket socket, int from = 0, int to = Length) => Task.Run(() => Send(socket, Body.AsSpan(from..to)));

    /// <summary>Reads the next bytes of the body, and fails where they are others.</summary>
    public static void Expect(Socket socket, int from = 0, int to = Length)
    {
        var bytes = new byte[to - from];
        for (var at = 0; at < bytes.Length;)
        {
            var received = socket.Receive(bytes, at, bytes.Length - at, SocketFlags.None);
            received.ShouldBeGreaterThan(0, $"the connection ends after {at} of {bytes.Length} bytes");
            at += received;
        }

        bytes.AsSpan().SequenceEqual(Body.AsSpan(from..to)).ShouldBeTrue("these are other bytes than were sent");
    }

    /// <summary>Reads what there still is, to the end, which is told.</summary>
    public static SocketError Drain(Socket socket, out long bytes)
    {
        var buffer = new byte[65536];
        bytes = 0;
        while (true)
        {
            socket.Poll(s_patience, SelectMode.SelectRead).ShouldBeTrue("the connection does not end");
            var received = socket.Receive(buffer, SocketFlags.None, out var error);
            if (received == 0 || error != SocketError.Success)
                return error;
            bytes += received;
        }
    }

    /// <summary>A client that has asked and reads nothing, and an origin that has answered until no more was taken.</summary>
    public static (Socket Client, Socket Origin) Hold(Http2Engine engine)
    {
        var client = engine.ConnectPlain(receives: 4096);
        Http2Engine.Send(client, Get);
        var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, AnswerHead(100_000_000));
        Http2Engine.SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);
        origin.Blocking = true;
        return (client, origin);
    }

    /// <summary>A client that has asked, and an origin that has sent the head of its answer.</summary>
    public static Ends Answer(Http2Engine engine)
    {
        var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, AnswerHead());
        return new Ends(client, origin);
    }

    /// <summary>A tunnel, open at both ends.</summary>
    public static (Socket Client, Socket Origin) OpenTunnel(Http2Engine engine)
    {
        var client = engine.ConnectPlain();
        Http2Engine.Send(client, "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n");
        var origin = engine.Accept();
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        return (client, origin);
    }

    /// <summary>Waits for what happens on the engine's thread.</summary>
    public static async Task UntilAsync(Func<bool> isSo)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(s_patience);
            await Task.Delay(10);
        }
    }

    private static byte[] MakeBody()
    {
        var body = new byte[Length];
        new Random(1).NextBytes(body);
        return body;
    }

    /// <summary>Both ends of what goes through the proxy.</summary>
    internal sealed record Ends(Socket Client, Socket Origin) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Origin.Dispose();
        }
    }
}
