// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net.Sockets;
using Penstock.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

[Collection(AloneCollection.Name)]
public sealed class StreamOriginAllocationTests
{
    [ReleaseFact]
    public async Task Requests_OverOneConnection_AllocateNothing()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();
        var request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray();
        byte[] answer = [.. Response(1, 200, ended: false, "content-length: 5", "date: Sun, 06 Nov 1994 08:49:37 GMT"), .. Frame(Data, EndStream, 1, "hello"u8.ToArray())];
        var content = answer.Length - 14;
        var buffer = new byte[65536];
        client.Send(request);
        using var origin = engine.Accept();
        origin.Send([.. Frame(Settings, 0, 0), .. Frame(WindowUpdate, 0, 0, Number(1 << 30))]);
        origin.Receive(buffer, 24, SocketFlags.None).ShouldBe(24); // The preface.
        var held = 0;
        Answer();

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            client.Send(request);
            Answer();
        });

        void Answer()
        {
            int stream;
            while ((stream = TakeHeaders()) == 0)
                held += origin.Receive(buffer, held, buffer.Length - held, SocketFlags.None);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(5), stream);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(content + 5), stream);
            origin.Send(answer);
            var received = 0;
            var text = buffer.AsSpan(held);
            while (received < 5 || !text[..received].EndsWith("hello"u8))
                received += client.Receive(text[received..]);
        }

        int TakeHeaders()
        {
            while (held >= 9)
            {
                var length = 9 + (BinaryPrimitives.ReadInt32BigEndian(buffer) >> 8);
                if (held < length)
                    return 0;
                var (type, stream) = (buffer[3], BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(5)));
                buffer.AsSpan(length, held - length).CopyTo(buffer);
                held -= length;
                if (type == Headers)
                    return stream;
            }

            return 0;
        }
    }
}
