// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Observability;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>Lines on their way from the rings to the sink: filled line by line, emptied in batches. Used by one thread.</summary>
internal sealed class LineBuffer
{
    /// <summary>Bytes gathered before they are written. 64 KiB is the size of a pipe (pipe(7)).</summary>
    public const int BatchBytes = 64 << 10;

    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>Bytes waiting.</summary>
    public int Length => _end - _start;

    /// <summary>Whether a batch is together.</summary>
    public bool IsFull => Length >= BatchBytes;

    /// <summary>Appends a line. Not to be called when <see cref="IsFull"/>.</summary>
    public void Append(LineFormatter formatter, AccessLogEntry entry)
    {
        if (_bytes.Length - _end < formatter.MaxLineBytes)
            MakeRoom(formatter.MaxLineBytes);

        _end += formatter.Format(entry, _bytes.AsSpan(_end));
    }

    /// <summary>Writes until nothing is left or the sink takes no more.</summary>
    /// <returns>Bytes written.</returns>
    public int FlushTo(LogSink sink)
    {
        var before = Length;
        while (Length > 0 && sink.Write(_bytes.AsSpan(_start, Length)) is var written and > 0)
            _start += written;

        var flushed = before - Length;
        if (Length == 0)
            _start = _end = 0;

        return flushed;
    }

    /// <summary>Gives up the rest of a line whose beginning has been written, so that another file does not begin with it.</summary>
    /// <returns>Lines given up: 0 or 1.</returns>
    public int DropTornLine()
    {
        if (_start == 0 || Length == 0 || _bytes[_start - 1] == '\n')
            return 0;

        _start += _bytes.AsSpan(_start, Length).IndexOf((byte)'\n') + 1;
        return 1;
    }

    /// <summary>Gives up everything.</summary>
    /// <returns>Lines given up.</returns>
    public int Clear()
    {
        var lines = _bytes.AsSpan(_start, Length).Count((byte)'\n');
        _start = _end = 0;
        return lines;
    }

    private void MakeRoom(int lineBytes)
    {
        var target = BatchBytes + lineBytes + 1 <= _bytes.Length ? _bytes : new byte[BatchBytes + lineBytes + 1];
        // One byte before the start stays: it tells whether a line is torn.
        var keep = _start > 0 ? 1 : 0;
        Array.Copy(_bytes, _start - keep, target, 0, Length + keep);
        _bytes = target;
        _end = Length + keep;
        _start = keep;
    }
}
