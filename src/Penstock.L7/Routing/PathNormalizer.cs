// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;

namespace Penstock.L7.Routing;

/// <summary>
/// Brings the path of a request into the form in which routes see it, so that no spelling of a path gets round a route that the
/// origin behind another route would take for the same path. One for each reactor: it owns the buffers of its answers.
/// </summary>
/// <remarks>
/// Dot segments are resolved (RFC 3986 section 5.2.4), percent-encoded ones too, in what is forwarded and in what is matched. For
/// matching alone the path is then percent-decoded once and runs of slashes count as one, as nginx does (ngx_http_parse_complex_uri,
/// merge_slashes): an origin may or may not read a path that way, and what is forwarded keeps its encoding and its slashes.
/// Rejected are paths no two implementations agree on: above the root, bad triplets, %00, and dot segments at an encoded slash,
/// at a backslash, or before a parameter (<c>/x%2f..%2fadmin</c>, <c>/..;/admin</c>).
/// </remarks>
internal sealed class PathNormalizer
{
    private const int BadByte = -1;
    private byte[] _forward = new byte[1024];
    private byte[] _match = new byte[1024];

    private enum Segment
    {
        Ordinary,
        Dot,
        DotDot,
        Bad,
    }

    /// <summary>Normalises a path, in place of copies when it already is normal. Allocates only to outgrow its buffers.</summary>
    /// <param name="raw">Path as received, without the query: starts with a slash, or is <c>*</c>.</param>
    /// <param name="path">The normal forms.</param>
    /// <returns>False: the path is to be answered with 400.</returns>
    public bool TryNormalize(ReadOnlySpan<byte> raw, out NormalPath path)
    {
        path = new NormalPath(raw, raw);
        if (IsNormal(raw))
        {
            return true;
        }

        if (_forward.Length < raw.Length)
        {
            _forward = new byte[raw.Length];
            _match = new byte[raw.Length];
        }

        if (raw[0] != '/' || !TryResolve(raw, _forward, out int length))
        {
            return false;
        }

        ReadOnlySpan<byte> forward = _forward.AsSpan(0, length);
        path = new NormalPath(forward, _match.AsSpan(0, Decode(forward, _match)));
        return true;
    }

    /// <summary>Percent-decodes a path once and merges its slashes. A bad triplet stays as it is.</summary>
    /// <param name="path">The path.</param>
    /// <param name="destination">At least as long.</param>
    /// <returns>Bytes written.</returns>
    public static int Decode(ReadOnlySpan<byte> path, Span<byte> destination)
    {
        int length = 0;
        for (int at = 0; at < path.Length;)
        {
            int read = at;
            int value = ReadByte(path, ref read);
            if (value == BadByte)
            {
                value = path[at];
                read = at + 1;
            }

            at = read;
            if (value != '/' || length == 0 || destination[length - 1] != '/')
            {
                destination[length++] = (byte)value;
            }
        }

        return length;
    }

    /// <summary>Where in a normalised path as forwarded those bytes end that are the given number of bytes once decoded.</summary>
    /// <param name="forward">The path as forwarded.</param>
    /// <param name="matched">Number of decoded bytes; the last of them is not a slash.</param>
    public static int EndOfMatch(ReadOnlySpan<byte> forward, int matched)
    {
        int at = 0;
        bool slash = false;
        while (matched > 0)
        {
            bool wasSlash = slash;
            slash = ReadByte(forward, ref at) == '/';
            matched -= slash && wasSlash ? 0 : 1;
        }

        return at;
    }

    private static bool IsNormal(ReadOnlySpan<byte> path) =>
        !path.ContainsAny((byte)'%', (byte)'\\') && path.IndexOf("//"u8) < 0 && path.IndexOf("/."u8) < 0;

    /// <summary>Copies a path without its dot segments.</summary>
    private static bool TryResolve(ReadOnlySpan<byte> raw, Span<byte> destination, out int length)
    {
        length = 0;
        for (int at = 0; at < raw.Length;)
        {
            // raw[at] is the slash before the segment.
            int size = raw[(at + 1)..].IndexOf((byte)'/');
            int end = size < 0 ? raw.Length : at + 1 + size;
            Segment segment = Classify(raw[(at + 1)..end]);
            if (segment == Segment.Bad || (segment == Segment.DotDot && length == 0))
            {
                return false;
            }

            if (segment == Segment.DotDot)
            {
                length = destination[..length].LastIndexOf((byte)'/');
            }

            if (segment == Segment.Ordinary)
            {
                raw[at..end].CopyTo(destination[length..]);
                length += end - at;
            }
            else if (end == raw.Length)
            {
                destination[length++] = (byte)'/';
            }

            at = end;
        }

        return true;
    }

    /// <summary>Reads a segment as its most and its least decoding readers would, and finds those on which they disagree bad.</summary>
    private static Segment Classify(ReadOnlySpan<byte> segment)
    {
        int dots = 0;
        bool dotsOnly = true;
        bool split = false;
        for (int at = 0; at < segment.Length;)
        {
            int value = ReadByte(segment, ref at);
            bool separator = value is '/' or '\\';
            if (value is BadByte or 0 || ((separator || value == ';') && dotsOnly && dots is 1 or 2))
            {
                return Segment.Bad;
            }

            split |= separator;
            dots = separator ? 0 : dots + 1;
            dotsOnly = separator || (dotsOnly && value == '.');
        }

        return !dotsOnly || dots is 0 or > 2 ? Segment.Ordinary
            : split ? Segment.Bad
            : dots == 1 ? Segment.Dot : Segment.DotDot;
    }

    /// <summary>Reads a byte, percent-decoded; <see cref="BadByte"/> if a percent sign is not followed by two hex digits.</summary>
    private static int ReadByte(ReadOnlySpan<byte> text, ref int at)
    {
        if (text[at] != '%')
        {
            return text[at++];
        }

        if (text.Length - at > 2 && Utf8Parser.TryParse(text.Slice(at + 1, 2), out byte value, out int consumed, 'X') && consumed == 2)
        {
            at += 3;
            return value;
        }

        return BadByte;
    }
}
