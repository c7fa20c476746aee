// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using Penstock.L7.Runtime;

namespace Penstock.L7.Forwarding;

/// <content>What comes between two requests.</content>
internal sealed partial class ClientConnection
{
    private static ReadOnlySpan<byte> EmptyLine => "\r\n"u8;

    /// <summary>Counts the empty lines that have come, where nothing else has.</summary>
    /// <returns>How many; 0: the beginning of one. Null: there is something else.</returns>
    private static int? CountEmptyLines(in ReadOnlySequence<byte> input)
    {
        if (input.FirstSpan is [not (byte)'\r', ..])
            return null;
        var reader = new SequenceReader<byte>(input);
        var lines = 0;
        while (reader.IsNext(EmptyLine, advancePast: true))
            lines++;
        return reader.End || (reader.Remaining == 1 && reader.IsNext((byte)'\r')) ? lines : null;
    }

    /// <summary>
    /// An empty line behind a request, as some old clients send it, begins no other (RFC 9112 section 2.2): the connection stays idle. One is passed over, as before a
    /// request's first line; more end the connection, and nobody is told, because nothing was asked.
    /// </summary>
    /// <param name="read">What has come.</param>
    /// <param name="lines">How many lines.</param>
    /// <returns>Whether the connection takes another request.</returns>
    private bool TakeEmptyLines(in ReadResult read, int lines)
    {
        var listener = _worker.ListenerOf(Slot);
        if (lines == 0)
        {
            // The rest of the line has as long as a head.
            Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (Requests > 0)
                Reader.Guard.Until(Reactor.Now + listener.HeaderMilliseconds);
            return !read.IsCompleted;
        }

        if (lines > 1 || _tookEmptyLine)
            return false;
        _tookEmptyLine = true;
        Reader.AdvanceTo(read.Buffer.GetPosition(EmptyLine.Length));
        return Requests == 0 || PrepareNext(listener);
    }

    private bool PrepareNext(CompiledListener listener)
    {
        if ((_worker.IsDraining || Slot.IsRemoved) && !Reader.HasBuffered)
            return false;
        Reader.LargeBlocks = false;
        _isIdle = !Reader.HasBuffered;
        Reader.Guard.Until(Reactor.Now + (Reader.HasBuffered ? listener.HeaderMilliseconds : listener.IdleMilliseconds));
        return true;
    }
}
