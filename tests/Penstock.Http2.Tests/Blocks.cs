// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2.Hpack;

namespace Penstock.Http2.Tests;

/// <summary>Field blocks to and from lines of text, <c>name: value</c>.</summary>
internal static class Blocks
{
    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static string[] Decode(HpackDecoder decoder, byte[] block)
    {
        var fields = Decode(decoder, block, out var fault);
        fault.ShouldBe(HpackFault.None);
        return fields;
    }

    public static string[] Decode(HpackDecoder decoder, byte[] block, out HpackFault fault)
    {
        var lines = new List<string>();
        ReadOnlySpan<byte> rest = block;
        decoder.Begin();
        HpackStatus status;
        while ((status = decoder.Read(ref rest, out var field)) == HpackStatus.Field)
            lines.Add($"{Encoding.Latin1.GetString(field.Name)}: {Encoding.Latin1.GetString(field.Value)}");
        fault = status == HpackStatus.Rejected ? decoder.Fault : HpackFault.None;
        return [.. lines];
    }

    public static byte[] Encode(HpackEncoder encoder, params string[] lines)
    {
        var block = new FieldBlock();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(": ", 1, StringComparison.Ordinal);
            block.Add(Encoding.Latin1.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 2)..]), HpackIndexing.Add);
        }

        var bytes = new byte[HpackEncoder.MaxBeginLength + block.MaxEncodedLength];
        return bytes[..block.Encode(encoder, bytes)];
    }

    /// <summary>Literals that no table takes, for raw frames: names may be anything.</summary>
    public static byte[] Literal(params string[] lines)
    {
        var bytes = new List<byte>();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(": ", 1, StringComparison.Ordinal);
            bytes.Add(0);
            Put(line[..colon]);
            Put(line[(colon + 2)..]);
        }

        return [.. bytes];

        void Put(string text)
        {
            var prefix = new byte[HpackInteger.MaxLength];
            bytes.AddRange(prefix.AsSpan(0, HpackInteger.Write(prefix, 0, 7, text.Length)));
            bytes.AddRange(Encoding.Latin1.GetBytes(text));
        }
    }
}
