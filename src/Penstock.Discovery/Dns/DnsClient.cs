// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Penstock.Model;

namespace Penstock.Discovery.Dns;

/// <summary>Asks name servers: over UDP, from a fresh port with a random id each time, and over TCP when the answer does not fit (RFC 7766).</summary>
/// <param name="servers">Name servers, in order of preference.</param>
/// <param name="timeout">Time for one server to answer.</param>
/// <param name="attempts">Rounds over all servers.</param>
/// <param name="time">Clock of the timeout.</param>
internal sealed class DnsClient(IReadOnlyList<SocketEndpoint> servers, TimeSpan timeout, int attempts, TimeProvider time)
{
    /// <summary>Asks server after server until one answers.</summary>
    /// <returns>An answer, a definite no, or the last failure.</returns>
    public async Task<DnsReply> QueryAsync(string name, DnsRecordType type, CancellationToken cancel)
    {
        var reply = DnsReply.Of(DnsReplyKind.ServerFailure);
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            foreach (var server in servers)
            {
                reply = await AskAsync(server, name, type, cancel);
                if (reply.Kind is DnsReplyKind.Answer or DnsReplyKind.NoSuchName)
                    return reply;
            }
        }

        return reply;
    }

    private static EndPoint EndPointOf(SocketEndpoint server) =>
        new IPEndPoint(server.Address ?? throw new ArgumentException("a name server has an IP address", nameof(server)), server.Port);

    private async Task<DnsReply> AskAsync(SocketEndpoint server, string name, DnsRecordType type, CancellationToken cancel)
    {
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var query = new byte[DnsCodec.MaxQueryBytes];
        if (!DnsCodec.TryWriteQuery(query, id, name, type, out var length))
            return DnsReply.Of(DnsReplyKind.NoSuchName);

        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            DnsReply Decode(ReadOnlyMemory<byte> message) => DnsCodec.Decode(message.Span, id, name, type);
            var reply = await OverUdpAsync(server, query.AsMemory(0, length), Decode, either.Token);
            return reply.Kind == DnsReplyKind.Truncated ? await OverTcpAsync(server, query.AsMemory(0, length), Decode, either.Token) : reply;
        }
        catch (SocketException)
        {
            return DnsReply.Of(DnsReplyKind.ServerFailure);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return DnsReply.Of(DnsReplyKind.ServerFailure);
        }
    }

    /// <summary>The socket is connected, so the kernel drops what other addresses send; what else is not the answer is passed over.</summary>
    private static async Task<DnsReply> OverUdpAsync(SocketEndpoint server, ReadOnlyMemory<byte> query, Func<ReadOnlyMemory<byte>, DnsReply> decode, CancellationToken cancel)
    {
        var peer = EndPointOf(server);
        using var socket = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(peer, cancel);
        await socket.SendAsync(query, SocketFlags.None, cancel);
        var buffer = new byte[ushort.MaxValue];
        while (true)
        {
            var reply = decode(buffer.AsMemory(0, await socket.ReceiveAsync(buffer, SocketFlags.None, cancel)));
            if (reply.Kind != DnsReplyKind.Foreign)
                return reply;
        }
    }

    private static async Task<DnsReply> OverTcpAsync(SocketEndpoint server, ReadOnlyMemory<byte> query, Func<ReadOnlyMemory<byte>, DnsReply> decode, CancellationToken cancel)
    {
        var peer = EndPointOf(server);
        using var socket = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(peer, cancel);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsMemory(2));
        for (ReadOnlyMemory<byte> rest = framed; !rest.IsEmpty;)
            rest = rest[await socket.SendAsync(rest, SocketFlags.None, cancel)..];

        var head = new byte[2];
        if (!await FillAsync(socket, head, cancel))
            return DnsReply.Of(DnsReplyKind.ServerFailure);

        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        if (!await FillAsync(socket, message, cancel))
            return DnsReply.Of(DnsReplyKind.ServerFailure);

        // Over TCP nothing else can come: a foreign message or a truncated one is a failure.
        var reply = decode(message);
        return reply.Kind is DnsReplyKind.Foreign or DnsReplyKind.Truncated ? DnsReply.Of(DnsReplyKind.Malformed) : reply;
    }

    private static async Task<bool> FillAsync(Socket socket, Memory<byte> buffer, CancellationToken cancel)
    {
        while (!buffer.IsEmpty)
        {
            var read = await socket.ReceiveAsync(buffer, SocketFlags.None, cancel);
            if (read == 0)
                return false;

            buffer = buffer[read..];
        }

        return true;
    }
}
