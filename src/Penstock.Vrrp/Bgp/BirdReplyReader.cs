// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// Reads one answer of BIRD's from bytes, in pieces as they come: lines <c>NNNN-text</c>, <c> text</c> with the code of the line before, and at the end <c>NNNN text</c>; lines that begin
/// with <c>+</c> are no part of it (BIRD 2, nest/cli.c).
/// </summary>
internal sealed class BirdReplyReader
{
    /// <summary>Longest line, bytes.</summary>
    public const int MostLineBytes = 4096;

    /// <summary>Longest answer, bytes: a thousand neighbors take two million.</summary>
    public const int MostBytes = 8 << 20;

    private const int CodeLength = 4;

    private readonly List<BirdLine> _lines = [];
    private readonly List<byte> _open = [];
    private int _bytes;
    private bool _isWhole;

    /// <summary>Takes bytes.</summary>
    /// <returns>The answer; null: more bytes are needed.</returns>
    /// <exception cref="IOException">It is no answer of BIRD's, or something follows it.</exception>
    public BirdReply? Take(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (_isWhole)
                throw new IOException("more than one answer of BIRD's");
            if (++_bytes > MostBytes)
                throw new IOException($"an answer of BIRD's of more than {MostBytes} bytes");
            if (value != (byte)'\n')
            {
                if (_open.Count == MostLineBytes)
                    throw new IOException($"a line of BIRD's of more than {MostLineBytes} bytes");
                _open.Add(value);
                continue;
            }

            TakeLine(Encoding.UTF8.GetString([.. _open]));
            _open.Clear();
        }

        return _isWhole ? new BirdReply(_lines) : null;
    }

    private void TakeLine(string line)
    {
        if (line.StartsWith('+'))
            return;
        if (line.StartsWith(' ') && _lines.Count > 0)
        {
            _lines.Add(new BirdLine(_lines[^1].Code, line[1..]));
            return;
        }

        if (line.Length <= CodeLength || line.AsSpan(0, CodeLength).ContainsAnyExceptInRange('0', '9') || line[CodeLength] is not ('-' or ' '))
            throw new IOException("a line of BIRD's without a code");
        _lines.Add(new BirdLine(int.Parse(line.AsSpan(0, CodeLength), System.Globalization.CultureInfo.InvariantCulture), line[(CodeLength + 1)..]));
        _isWhole = line[CodeLength] == ' ';
    }
}
