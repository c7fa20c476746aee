// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Linux;

namespace Penstock.Vrrp.Supervision;

/// <summary>Takes bytes, in pieces as they come, and gives lines.</summary>
internal sealed class FifoLines
{
    /// <summary>Longest line, bytes: names have 63 characters at most, what keepalived logs is shorter than this too. Of a longer one the rest is left out.</summary>
    public const int MaxLine = 1024;

    // Limits what one reading takes when the writer does not end.
    private const int MaxReads = 64;

    private readonly List<byte> _open = [];

    /// <summary>Reads what a FIFO holds; a line that is not whole yet is kept.</summary>
    public IReadOnlyList<string> Read(Fifo fifo)
    {
        var lines = new List<string>();
        Span<byte> buffer = stackalloc byte[4096];
        for (var i = 0; i < MaxReads; i++)
        {
            var read = fifo.Read(buffer);
            if (read.IsError || read.Value == 0)
                break;
            Take(buffer[..read.Value], lines);
        }

        return lines;
    }

    /// <summary>Takes bytes, and adds the lines that end in them.</summary>
    public void Take(ReadOnlySpan<byte> bytes, List<string> lines)
    {
        foreach (var value in bytes)
        {
            if (value == (byte)'\n')
            {
                lines.Add(Encoding.UTF8.GetString([.. _open]));
                _open.Clear();
            }
            else if (_open.Count < MaxLine)
            {
                _open.Add(value);
            }
        }
    }
}
