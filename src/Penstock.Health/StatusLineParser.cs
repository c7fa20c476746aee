// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;

namespace Penstock.Health;

/// <summary>Finds the final status in the beginning of an HTTP/1.x response, passing over 1xx responses (RFC 9110 section 15.2).</summary>
internal static class StatusLineParser
{
    /// <summary><c>HTTP/1.1 200</c>.</summary>
    private const int FixedBytes = 12;

    /// <summary>Parses from the first byte of the connection.</summary>
    /// <param name="bytes">All bytes received.</param>
    /// <param name="status">The status, 200 to 599, when done.</param>
    public static ParseOutcome Parse(ReadOnlySpan<byte> bytes, out int status)
    {
        while (true)
        {
            var outcome = ParseLine(bytes, out status);
            if (outcome != ParseOutcome.Done || status >= 200)
                return outcome;

            var end = bytes.IndexOf("\r\n\r\n"u8);
            if (end < 0)
                return ParseOutcome.NeedMore;

            bytes = bytes[(end + 4)..];
        }
    }

    /// <summary>RFC 9112 section 4; the space after the status may be missing when there is no reason phrase, as with many servers.</summary>
    private static ParseOutcome ParseLine(ReadOnlySpan<byte> bytes, out int status)
    {
        status = 0;
        var version = "HTTP/1."u8;
        var common = Math.Min(bytes.Length, version.Length);
        if (!bytes[..common].SequenceEqual(version[..common]))
            return ParseOutcome.Rejected;

        var lineEnd = bytes.IndexOfAny((byte)'\r', (byte)'\n');
        if (lineEnd >= 0 ? lineEnd < FixedBytes || bytes[lineEnd] == '\n' : bytes.Length < FixedBytes)
            return lineEnd >= 0 ? ParseOutcome.Rejected : ParseOutcome.NeedMore;

        if (lineEnd < 0 || lineEnd + 1 == bytes.Length)
            return ParseOutcome.NeedMore;

        var line = bytes[..lineEnd];
        var isWellFormed = bytes[lineEnd + 1] == '\n' && line[7] is (byte)'0' or (byte)'1' && line[8] == ' '
            && Utf8Parser.TryParse(line.Slice(9, 3), out status, out var digits) && digits == 3 && status is >= 100 and < 600
            && (line.Length == FixedBytes || line[FixedBytes] == ' ') && !HasControl(line);
        return isWellFormed ? ParseOutcome.Done : ParseOutcome.Rejected;
    }

    private static bool HasControl(ReadOnlySpan<byte> line)
    {
        foreach (var b in line)
        {
            if ((b < ' ' && b != '\t') || b == 0x7F)
                return true;
        }

        return false;
    }
}
