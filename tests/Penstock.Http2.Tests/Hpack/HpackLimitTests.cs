// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Hpack;

namespace Penstock.Http2.Tests.Hpack;

public sealed class HpackLimitTests
{
    [Theory]
    [InlineData("80", nameof(HpackFault.IndexInvalid))] // Index 0.
    [InlineData("be", nameof(HpackFault.IndexInvalid))] // 62 of an empty table.
    [InlineData("7f00 0161", nameof(HpackFault.IndexInvalid))] // The name of 63.
    [InlineData("ff", nameof(HpackFault.Truncated))]
    [InlineData("ff80 8080 8001", nameof(HpackFault.IntegerOverflow))] // Zeros that go on.
    [InlineData("ffff ffff ff0f", nameof(HpackFault.IntegerOverflow))]
    [InlineData("ffff ffff 7f", nameof(HpackFault.IntegerOverflow))]
    [InlineData("0001 61", nameof(HpackFault.Truncated))]
    [InlineData("007f ffff ff3f 61", nameof(HpackFault.Truncated))] // A string longer than the block.
    [InlineData("0081 ff01 61", nameof(HpackFault.HuffmanInvalid))]
    [InlineData("3fe2 1f", nameof(HpackFault.TableSizeTooLarge))] // 4097.
    [InlineData("8220", nameof(HpackFault.TableSizeLate))]
    public void Decoder_BrokenBlock_SaysWhy(string hex, string expected)
    {
        _ = Blocks.Decode(new HpackDecoder(4096), Blocks.Bytes(hex), out var fault);

        fault.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Decoder_SizeUpdate_EvictsAndHolds()
    {
        var decoder = new HpackDecoder(4096);
        Blocks.Decode(decoder, Blocks.Bytes("4001 6101 6240 0163 0164"));
        decoder.TableSize.ShouldBe(68);

        Blocks.Decode(decoder, Blocks.Bytes("3f05 be")).ShouldBe(["c: d"]); // 36: one entry of 34.
        decoder.TableSize.ShouldBe(34);

        _ = Blocks.Decode(decoder, Blocks.Bytes("bf"), out var fault);
        fault.ShouldBe(HpackFault.IndexInvalid);
    }

    [Fact]
    public void Decoder_NameOfTheEntryThatIsEvictedForIt_IsKept()
    {
        // RFC 7541 section 4.4: with room for one entry, a literal takes its name from the entry that makes way for it.
        var decoder = new HpackDecoder(64);
        Blocks.Decode(decoder, Blocks.Bytes("4004 6e61 6d65 0131"));

        Blocks.Decode(decoder, Blocks.Bytes("7e01 32")).ShouldBe(["name: 2"]);
        Blocks.Decode(decoder, Blocks.Bytes("be")).ShouldBe(["name: 2"]);
    }

    [Fact]
    public void Decoder_EntryLargerThanTheTable_EmptiesIt()
    {
        var decoder = new HpackDecoder(40);
        Blocks.Decode(decoder, Blocks.Bytes("4001 6101 62"));

        Blocks.Decode(decoder, Blocks.Bytes("4004 6e61 6d65 0576 616c 7565"));

        decoder.TableSize.ShouldBe(0);
    }

    [Fact]
    public void Encoder_SmallerTableOfThePeer_IsToldOfAndObeyed()
    {
        var encoder = new HpackEncoder(4096);
        var decoder = new HpackDecoder(4096);
        Blocks.Decode(decoder, Blocks.Encode(encoder, "a: b", "c: d")).ShouldBe(["a: b", "c: d"]);

        encoder.Allow(0);
        encoder.Allow(100);
        var block = Blocks.Encode(encoder, "a: b", "e: f");

        block[0].ShouldBe((byte)0x20, "the least it was in between");
        Blocks.Decode(decoder, block).ShouldBe(["a: b", "e: f"]);
        decoder.TableSize.ShouldBe(encoder.TableSize);
        encoder.TableSize.ShouldBe(68);
    }

    [Fact]
    public void EncoderAndDecoder_AnyFields_KeepTheirTablesInStep()
    {
        var random = new Random(7541);
        var encoder = new HpackEncoder(4096);
        var decoder = new HpackDecoder(4096);
        for (var round = 0; round < 500; round++)
        {
            var lines = Enumerable.Range(0, random.Next(1, 20)).Select(_ => $"name-{random.Next(60)}: {new string((char)random.Next(32, 256), random.Next(200))}").ToArray();
            if (random.Next(20) == 0)
                encoder.Allow(random.Next(5000));

            Blocks.Decode(decoder, Blocks.Encode(encoder, lines)).ShouldBe(lines);
            decoder.TableSize.ShouldBe(encoder.TableSize);
        }
    }
}
