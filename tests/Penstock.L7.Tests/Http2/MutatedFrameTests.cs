// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Frames and blocks that are nearly valid.</summary>
public sealed class MutatedFrameTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Blocks_Mutated_AreDecodedOrRejected(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            var decoder = new HpackDecoder(4096);
            var block = Blocks.Encode(new HpackEncoder(4096), [.. Enumerable.Range(0, random.Next(1, 6)).Select(i => $"x-{random.Next(9)}: {new string((char)random.Next(256), random.Next(60))}")]);
            Mutate(block, random);

            var fields = Blocks.Decode(decoder, block, out _);

            fields.Sum(field => field.Length).ShouldBeLessThan(block.Length * 4200);
            decoder.TableSize.ShouldBeInRange(0, 4096);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Streams_Mutated_BreakNothingOfTheProxy(int seed)
    {
        var defects = 0L;
        using var meter = new MeterListener();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "penstock.defects")
                listener.EnableMeasurementEvents(instrument);
        };
        meter.SetMeasurementEventCallback<long>((_, value, _, _) => defects += value);
        meter.Start();
        await using var engine = new Http2Engine(new() { ConcurrentStreams = 10 });
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            using var client = new FrameClient(engine.Address);
            byte[] frames = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0), .. Enumerable.Range(0, random.Next(1, 12)).SelectMany(_ => AnyFrame(random))];
            Mutate(frames.AsSpan(24), random);
            client.TrySend(frames);
            client.EndSending();
            while (client.Next() != "end")
            {
                // Whatever it says.
            }
        }

        using var other = engine.Connect();
        other.Send(Request(1, "/fixed"));
        other.Next().ShouldStartWith("HEADERS 1 | :status: 200");
        meter.RecordObservableInstruments();
        defects.ShouldBe(0);
    }

    private static byte[] AnyFrame(Random random)
    {
        var stream = (random.Next(5) * 2) + 1;
        return random.Next(9) switch
        {
            0 => Request(stream, "/fixed"),
            1 => Request(stream, "/fixed", "POST", ended: false),
            2 => Request(stream, "/slow", "POST", ended: false, "content-length: 10"),
            3 => Frame(Data, (byte)random.Next(16), stream, new byte[random.Next(100)]),
            4 => Frame(RstStream, 0, stream, Number(8)),
            5 => Frame(WindowUpdate, 0, stream - 1, Number((uint)random.Next())),
            6 => Frame(Headers, EndHeaders | EndStream, stream, Blocks.Literal("x: y")),
            7 => Frame(Settings, 0, 0, 0, (byte)random.Next(8), 0, 0, (byte)random.Next(256), (byte)random.Next(256)),
            _ => Frame((byte)random.Next(11), (byte)random.Next(256), random.Next(8), new byte[random.Next(20)]),
        };
    }

    private static void Mutate(Span<byte> bytes, Random random)
    {
        for (var changes = random.Next(4); changes > 0 && !bytes.IsEmpty; changes--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
    }
}
