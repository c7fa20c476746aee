// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Text;

namespace Penstock.L7.Grpc;

/// <summary>The text form of gRPC-Web: base64 (RFC 4648 section 4) of pieces of the content, each with its padding, so that any group of four letters may be padded. Nothing stands between groups.</summary>
internal sealed class GrpcWebText
{
    private const int GroupLetters = 4;
    private const int GroupBytes = 3;

    private readonly byte[] _group = new byte[GroupLetters];
    private int _letters;

    /// <summary>Whether what was decoded ends with a whole group.</summary>
    internal bool IsWhole => _letters == 0;

    /// <summary>No less than <see cref="Decode(in ReadOnlySequence{byte}, Span{byte})"/> writes.</summary>
    internal static int MaxDecodedLength(long letters) => checked((int)((letters + GroupLetters) / GroupLetters * GroupBytes));

    /// <summary>No less than <see cref="Encode"/> writes.</summary>
    internal static int MaxEncodedLength(in ReadOnlySequence<byte> content)
    {
        var length = 0;
        foreach (var piece in content)
            length += Base64.GetMaxEncodedToUtf8Length(piece.Length);
        return length;
    }

    /// <summary>Encodes a piece of content.</summary>
    /// <param name="content">The piece.</param>
    /// <param name="to">Room for <see cref="MaxEncodedLength"/>.</param>
    /// <returns>Bytes written.</returns>
    internal static int Encode(in ReadOnlySequence<byte> content, Span<byte> to)
    {
        var written = 0;
        foreach (var piece in content)
        {
            Base64.EncodeToUtf8(piece.Span, to[written..], out _, out var count);
            written += count;
        }

        return written;
    }

    /// <summary>A content begins.</summary>
    internal void Start() => _letters = 0;

    /// <summary>Decodes the next piece of it.</summary>
    /// <param name="letters">The piece, cut anywhere.</param>
    /// <param name="to">Room for <see cref="MaxDecodedLength"/>.</param>
    /// <returns>Bytes written; -1: it is not base64.</returns>
    internal int Decode(in ReadOnlySequence<byte> letters, Span<byte> to)
    {
        var written = 0;
        foreach (var piece in letters)
        {
            var count = Decode(piece.Span, to[written..]);
            if (count < 0)
                return -1;
            written += count;
        }

        return written;
    }

    private int Decode(ReadOnlySpan<byte> letters, Span<byte> to)
    {
        var written = 0;
        if (_letters > 0)
        {
            var count = Math.Min(GroupLetters - _letters, letters.Length);
            letters[..count].CopyTo(_group.AsSpan(_letters));
            letters = letters[count..];
            _letters += count;
            if (_letters < GroupLetters)
                return 0;
            _letters = 0;
            written = DecodeGroups(_group, to);
            if (written < 0)
                return -1;
        }

        var whole = letters.Length - (letters.Length % GroupLetters);
        var rest = DecodeGroups(letters[..whole], to[written..]);
        if (rest < 0)
            return -1;
        letters[whole..].CopyTo(_group);
        _letters = letters.Length - whole;
        return written + rest;
    }

    private static int DecodeGroups(ReadOnlySpan<byte> letters, Span<byte> to)
    {
        if (letters.ContainsAny(" \t\r\n"u8))
            return -1; // What decodes passes white space over: whether the rest makes up groups would depend on where the text was cut.
        var written = 0;
        while (!letters.IsEmpty)
        {
            var padding = letters.IndexOf((byte)'=');
            var end = padding < 0 ? letters.Length : padding - (padding % GroupLetters) + GroupLetters;
            if (Base64.DecodeFromUtf8(letters[..end], to[written..], out var consumed, out var count) != OperationStatus.Done || consumed != end)
                return -1;
            written += count;
            letters = letters[end..];
        }

        return written;
    }
}
