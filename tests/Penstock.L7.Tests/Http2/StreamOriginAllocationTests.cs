// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net.Sockets;
using Penstock.Http2.Tests;
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
        var text = new byte[65536];
        client.Send(request);
        using var origin = engine.Accept();
        var requests = new HeadersReader(origin);
        Welcome(origin);
        Answer();

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            client.Send(request);
            Answer();
        });

        void Answer()
        {
            var stream = requests.Next(flags: 0);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(5), stream);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(content + 5), stream);
            origin.Send(answer);
            var received = 0;
            while (received < 5 || !text.AsSpan(0, received).EndsWith("hello"u8))
                received += client.Receive(text.AsSpan(received));
        }
    }

    /// <summary>Their responses end with trailers.</summary>
    [ReleaseFact]
    public async Task Calls_AllocateNothing()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();
        var request = Request(1, "/test.Echo/Unary", "POST", ended: true, "content-type: application/grpc", "te: trailers");
        byte[] content = [.. Response(1, 200, ended: false, "content-type: application/grpc", "date: Sun, 06 Nov 1994 08:49:37 GMT"), .. Frame(Data, 0, 1, "hello"u8.ToArray())];
        var end = Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("grpc-status: 0", "x-sum: 5"));
        byte[] answer = [.. content, .. end];
        var calls = 1;
        client.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0), .. Frame(WindowUpdate, 0, 0, Number(1 << 30)), .. request]);
        var answers = new HeadersReader(client);
        using var origin = engine.Accept();
        var requests = new HeadersReader(origin);
        Welcome(origin);
        Answer();

        Allocations.ShouldBeNoneOfAnyThread(() =>
        {
            calls += 2;
            BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5), calls);
            client.Send(request);
            Answer();
        });

        void Answer()
        {
            var stream = requests.Next(flags: 0);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(5), stream);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(content.Length - 14 + 5), stream);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(content.Length + 5), stream);
            origin.Send(answer);
            if (answers.Next(EndStream) != calls)
                throw new InvalidOperationException("The answer is another call's.");
        }
    }

    /// <summary>An origin takes the connection and opens its window.</summary>
    private static void Welcome(Socket origin)
    {
        origin.Send([.. Frame(Settings, 0, 0), .. Frame(WindowUpdate, 0, 0, Number(1 << 30))]);
        origin.Receive(new byte[24]).ShouldBe(24); // The preface.
    }

    /// <summary>Takes frames off a socket without allocating.</summary>
    private sealed class HeadersReader(Socket socket)
    {
        private readonly byte[] _buffer = new byte[65536];
        private int _held;

        /// <summary>The stream of the next HEADERS that has all these flags.</summary>
        public int Next(byte flags)
        {
            int stream;
            while ((stream = Take(flags)) == 0)
            {
                var received = socket.Receive(_buffer.AsSpan(_held));
                if (received == 0)
                    throw new InvalidOperationException("The connection ends.");
                _held += received;
            }

            return stream;
        }

        private int Take(byte flags)
        {
            while (_held >= 9)
            {
                var length = 9 + (BinaryPrimitives.ReadInt32BigEndian(_buffer) >> 8);
                if (_held < length)
                    return 0;
                var (type, has, stream) = (_buffer[3], _buffer[4], BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(5)));
                _buffer.AsSpan(length, _held - length).CopyTo(_buffer);
                _held -= length;
                if (type == Headers && (has & flags) == flags)
                    return stream;
            }

            return 0;
        }
    }
}
