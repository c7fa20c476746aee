// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net.Sockets;
using Penstock.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

[Collection(AloneCollection.Name)]
public sealed class Http2AllocationTests
{
    private const int Requests = 500;

    [ReleaseFact]
    public async Task Streams_OfOneConnection_AllocateNothing()
    {
        await using var engine = new Http2Engine();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(engine.Address);
        client.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0), .. Frame(WindowUpdate, 0, 0, Number(1 << 30)), .. Request(1, "/a")]);
        using var origin = engine.Accept();
        var answer = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray();
        var buffer = new byte[65536];
        var request = Request(3, "/a");
        var stream = 1;
        Finish();

        var least = long.MaxValue;
        var clock = Stopwatch.StartNew(); // The compiler takes its time to come to the code as it will be.
        while (least >= Requests / 10 * 24 && clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < Requests; i++)
            {
                stream += 2;
                System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5), stream);
                client.Send(request);
                Finish();
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        least.ShouldBeLessThan(Requests / 10 * 24);

        void Finish()
        {
            while (!buffer.AsSpan(0, origin.Receive(buffer)).EndsWith("\r\n\r\n"u8))
            {
                // The rest of the head.
            }

            origin.Send(answer);
            var received = 0;
            while (received < 14 || !buffer.AsSpan(0, received).EndsWith("hello"u8))
                received += client.Receive(buffer, received, buffer.Length - received, SocketFlags.None);
        }
    }
}
