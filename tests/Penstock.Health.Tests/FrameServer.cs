// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;
using Penstock.Model;
using Penstock.Tests;

namespace Penstock.Health.Tests;

/// <summary>An endpoint that takes one request over HTTP/2, and answers with bytes as it is told to.</summary>
internal sealed class FrameServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, FreePort.Next());
    private readonly SslServerAuthenticationOptions? _tls;

    public FrameServer(SslServerAuthenticationOptions? tls = null)
    {
        _tls = tls;
        _listener.Start();
    }

    /// <summary>Types of frames that were acknowledged.</summary>
    public List<FrameType> Acknowledged { get; } = [];

    public SocketEndpoint Endpoint => SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)_listener.LocalEndpoint).Port);

    public static byte[] Settings => Frame(FrameType.Settings, FrameFlags.None, 0);

    public static byte[] Frame(FrameType type, FrameFlags flags, int streamId, params byte[] payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, type, flags, streamId).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    public static byte[] Head(params string[] lines) => Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, Blocks.Literal(lines));

    public static byte[] LastHead(params string[] lines) => Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, Blocks.Literal(lines));

    public static byte[] Data(params byte[] payload) => Frame(FrameType.Data, FrameFlags.None, 1, payload);

    /// <summary>Serves one connection to its end.</summary>
    /// <param name="answer">What it is sent when the request is whole.</param>
    /// <param name="pieceBytes">Bytes of it that are sent at once.</param>
    /// <param name="asksFirst">Whether SETTINGS and a PING are sent before it, and their acknowledgements waited for.</param>
    /// <returns>The request's fields, and its content in hexadecimal.</returns>
    public async Task<string[]> AnswerAsync(byte[] answer, int pieceBytes = int.MaxValue, bool asksFirst = false)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        client.NoDelay = true;
        var said = new List<string>();
        try
        {
            await using var stream = await SecureAsync(client.GetStream());
            var decoder = new HpackDecoder(Http2Settings.DefaultHeaderTableSize);
            var preface = new byte[Http2Preface.Length];
            await stream.ReadExactlyAsync(preface);
            preface.ShouldBe(Http2Preface.Bytes.ToArray());
            while (!await TakeFrameAsync(stream, decoder, said))
            {
            }

            if (asksFirst)
            {
                await stream.WriteAsync((byte[])[.. Settings, .. Frame(FrameType.Ping, FrameFlags.None, 0, 1, 2, 3, 4, 5, 6, 7, 8)]);
                while (Acknowledged.Count < 2)
                    await TakeFrameAsync(stream, decoder, said);
            }

            for (var at = 0; at < answer.Length; at += Math.Min(pieceBytes, answer.Length - at))
                await stream.WriteAsync(answer.AsMemory(at, Math.Min(pieceBytes, answer.Length - at)));
            client.Client.Shutdown(SocketShutdown.Send);
            while (true)
                await TakeFrameAsync(stream, decoder, said);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The check has ended.
        }

        return [.. said];
    }

    public void Dispose() => _listener.Dispose();

    private async Task<bool> TakeFrameAsync(Stream stream, HpackDecoder decoder, List<string> said)
    {
        var head = new byte[FrameHeader.Size];
        await stream.ReadExactlyAsync(head);
        var header = FrameHeader.Read(head);
        var payload = new byte[header.Length];
        await stream.ReadExactlyAsync(payload);
        if (header.Type == FrameType.Headers)
            said.AddRange(Blocks.Decode(decoder, payload));
        else if (header.Type == FrameType.Data)
            said.Add(Convert.ToHexStringLower(payload));
        else if (header.Has(FrameFlags.Ack))
            Acknowledged.Add(header.Type);
        return header.StreamId == 1 && header.Has(FrameFlags.EndStream);
    }

    private async Task<Stream> SecureAsync(NetworkStream stream)
    {
        if (_tls is null)
            return stream;
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(_tls);
        return secured;
    }
}
