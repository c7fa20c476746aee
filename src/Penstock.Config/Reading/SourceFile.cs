// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Penstock.Config.Binding;
using Penstock.Model.L4;

namespace Penstock.Config.Reading;

/// <summary>Files of client networks, one a line; <c>#</c> and <c>;</c> begin comments, as in the lists that are published.</summary>
internal static class SourceFile
{
    private const int LongestNetwork = 64; // an IPv6 address of 45 characters and a length
    private const int IPv4Bits = 32;

    /// <summary>Reads one: a <see cref="SourceSet"/>, or its first bad line.</summary>
    public static Parsed Read(string path)
    {
        if (RegularFile.TryRead(path, ReadLimits.SourceFileBytes, out var content, out _) is { } problem)
            return Parsed.Bad("a readable file of networks", found: $"{path}: {problem}");

        var prefixes = new List<SourcePrefix>(content.Length / 16);
        var number = 0;
        foreach (var range in content.Span.Split((byte)'\n'))
        {
            number++;
            var line = Strip(content.Span[range]);
            if (line.IsEmpty)
                continue;
            if (prefixes.Count == ReadLimits.SourcePrefixes)
                return Parsed.Bad($"at most {ReadLimits.SourcePrefixes}", found: $"{path}: more than {ReadLimits.SourcePrefixes} networks");
            if (TryIPv4(line, out var prefix))
            {
                prefixes.Add(prefix);
                continue;
            }

            var text = line.Length <= LongestNetwork ? Encoding.UTF8.GetString(line) : "a line too long for a network";
            var parsed = NetworkShape.Parse(text);
            if (parsed.Value is not IPNetwork network)
                return parsed with { Found = $"{path}:{number}: {parsed.Found ?? Printable.Quote(text)}", Expected = parsed.Expected ?? "a network such as 192.0.2.0/24" };
            prefixes.Add(SourcePrefix.Of(network));
        }

        return Parsed.Ok(new SourceSet(path, Sorted(prefixes)));
    }

    private static ImmutableArray<SourcePrefix> Sorted(List<SourcePrefix> prefixes)
    {
        var sorted = prefixes.ToArray();
        Array.Sort(sorted);
        var count = 0;
        foreach (var prefix in sorted)
        {
            if (count == 0 || sorted[count - 1] != prefix)
                sorted[count++] = prefix;
        }

        return [.. sorted.AsSpan(0, count)];
    }

    private static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> line)
    {
        var comment = line.IndexOfAny((byte)'#', (byte)';');
        return (comment < 0 ? line : line[..comment]).Trim(" \t\r"u8);
    }

    // The common case without a string; whatever it does not take is judged, and refused in words, by NetworkShape.
    private static bool TryIPv4(ReadOnlySpan<byte> line, out SourcePrefix prefix)
    {
        prefix = default;
        var address = 0u;
        for (var i = 0; i < 4; i++)
        {
            if (!Utf8Parser.TryParse(line, out byte octet, out var used) || used > 3 || (line[0] == '0' && used > 1))
                return false;
            address = (address << 8) | octet;
            line = line[used..];
            if (i == 3)
                break;
            if (line.IsEmpty || line[0] != '.')
                return false;
            line = line[1..];
        }

        byte bits = IPv4Bits;
        if (!line.IsEmpty && (line[0] != '/' || !Utf8Parser.TryParse(line[1..], out bits, out var length) || length != line.Length - 1 || bits > IPv4Bits || (line[1] == '0' && length > 1)))
            return false;
        if (bits < IPv4Bits && address << bits != 0)
            return false;
        prefix = SourcePrefix.OfIPv4(address, bits);
        return true;
    }
}
