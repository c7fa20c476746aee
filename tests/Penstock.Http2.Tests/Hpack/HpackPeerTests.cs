// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Hpack;

namespace Penstock.Http2.Tests.Hpack;

public sealed class HpackPeerTests
{
    private static readonly string[] Names =
        [":method", ":path", ":status", "cookie", "set-cookie", "authorization", "date", "x-custom", "accept", "via", "content-length", "x-trace-0123456789"];

    [Nghttp2Fact]
    public void Encodings_OfNghttp2_AreDecoded()
    {
        using var theirs = new Nghttp2.Deflater(4096);
        var ours = new HpackDecoder(4096);
        var random = new Random(2);
        for (var round = 0; round < 1000; round++)
        {
            var lines = Lines(random);
            if (random.Next(25) == 0)
                theirs.ChangeTableSize(random.Next(4097));

            Blocks.Decode(ours, theirs.Encode(lines)).ShouldBe(lines);
        }
    }

    [Nghttp2Fact]
    public void Encodings_OfOurs_AreDecodedByNghttp2()
    {
        using var theirs = new Nghttp2.Inflater();
        var ours = new HpackEncoder(4096);
        var random = new Random(3);
        for (var round = 0; round < 1000; round++)
        {
            var lines = Lines(random);
            if (random.Next(25) == 0)
            {
                var size = random.Next(4097);
                theirs.ChangeTableSize(size);
                ours.Allow(size);
            }

            theirs.Decode(Blocks.Encode(ours, lines)).ShouldBe(lines);
        }
    }

    private static string[] Lines(Random random)
    {
        var lines = new string[random.Next(1, 20)];
        for (var i = 0; i < lines.Length; i++)
            lines[i] = $"{Names[random.Next(Names.Length)]}: {Value(random)}";
        return lines;
    }

    private static string Value(Random random) => random.Next(4) switch
    {
        0 => "GET",
        1 => "value-" + random.Next(20),
        2 => string.Concat(Enumerable.Range(0, random.Next(100)).Select(_ => (char)random.Next(32, 127))),
        _ => new string((char)random.Next(128, 256), random.Next(300)),
    };
}
