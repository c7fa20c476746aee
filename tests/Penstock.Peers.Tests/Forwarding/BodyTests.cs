// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>Bodies of any size stream through in bounded memory.</summary>
public sealed class BodyTests
{
    private const long GrowthLimit = 64 << 20;
    private const int BlockBytes = 1 << 20;
    private const string LastChunk = "0\r\n\r\n";

    [Theory]
    [InlineData(1L << 30, false)]
    [InlineData(1L << 30, true)]
    public async Task Response_OfAGigabyte_CostsNoMemory(long length, bool chunked)
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            await SendBodyAsync(bytes => connection.SendAsync(bytes), length, chunked);
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var before = penstock.Child.RssBytes;

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var response = await client.ReadHeadAsync();
        response.Status.ShouldBe(200);
        (await client.Reader.SkipAsync(length)).ShouldBe(length);

        (penstock.Child.RssBytes - before).ShouldBeLessThan(GrowthLimit);
    }

    [Theory]
    [InlineData(1L << 30, false)]
    [InlineData(1L << 30, true)]
    public async Task Request_OfAGigabyte_CostsNoMemory(long length, bool chunked)
    {
        var received = 0L;
        await using var origin = new RawOrigin(async connection =>
        {
            var request = await connection.ReadRequestHeadAsync();
            request!.Chunked.ShouldBe(chunked);
            received = await connection.Reader.SkipAsync(length);
            for (var end = chunked ? "" : LastChunk; end != LastChunk;)
                end = (end + (char)(await connection.Reader.ReadAsync(1))[0])[^Math.Min(end.Length + 1, LastChunk.Length)..];
            await connection.SendAsync(RawOrigin.Ok);
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var before = penstock.Child.RssBytes;

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\n" + (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {length}\r\n\r\n"));
        await SendBodyAsync(bytes => client.SendAsync(bytes), length, chunked);

        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        received.ShouldBe(length);
        (penstock.Child.RssBytes - before).ShouldBeLessThan(GrowthLimit);
    }

    [Fact]
    public async Task Response_ToClientsThatDoNotRead_HoldsTheOriginsBack()
    {
        const int clients = 50;
        var sent = 0L;
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            while (true)
            {
                await connection.SendAsync(new byte[BlockBytes]);
                Interlocked.Add(ref sent, BlockBytes);
            }
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        var before = penstock.Child.RssBytes;
        var waiting = new List<RawClient>();
        for (var number = 0; number < clients; number++)
        {
            waiting.Add(await RawClient.ConnectAsync(penstock.Port, receiveBufferBytes: 64 << 10));
            await waiting[^1].SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await waiting[^1].ReadHeadAsync();
        }

        // Origins stand still once every buffer on the way is full.
        var last = -1L;
        await Eventually.TrueAsync(
            async () =>
            {
                var previous = last;
                last = Interlocked.Read(ref sent);
                await Task.Delay(500);
                return last == previous;
            },
            TimeSpan.FromSeconds(60),
            () => "the origins are never held back");

        // The kernel's socket buffers hold a few MiB a connection at most; 1 GB each is far off.
        Interlocked.Read(ref sent).ShouldBeLessThan(clients * (32L << 20));
        (penstock.Child.RssBytes - before).ShouldBeLessThan(GrowthLimit);
        waiting.ForEach(client => client.Dispose());
    }

    private static async Task SendBodyAsync(Func<ReadOnlyMemory<byte>, Task> send, long length, bool chunked)
    {
        byte[] block = [.. chunked ? "100000\r\n"u8 : [], .. new byte[BlockBytes], .. chunked ? "\r\n"u8 : []];
        for (var sent = 0L; sent < length; sent += BlockBytes)
        {
            await send(block);
        }

        if (chunked)
        {
            await send("0\r\n\r\n"u8.ToArray());
        }
    }
}
