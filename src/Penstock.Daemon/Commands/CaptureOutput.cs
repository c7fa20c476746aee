// SPDX-License-Identifier: Apache-2.0
using Microsoft.Win32.SafeHandles;
using Penstock.Linux;

namespace Penstock.Daemon.Commands;

/// <summary>Where a capture is written: a file, or standard output, whose reader may leave. What is written after that is thrown away.</summary>
internal sealed class CaptureOutput : Stream
{
    private const int BufferBytes = 1 << 16;
    private const int StandardOutputNumber = 1;

    private readonly FileStream _file;
    private readonly bool _mayBePipe;

    private CaptureOutput(FileStream file, bool mayBePipe)
    {
        _file = file;
        _mayBePipe = mayBePipe;
    }

    /// <summary>Whether nobody reads it any more: also while nothing is written, as when <c>head</c> has had enough and no packet comes.</summary>
    public bool HasLostReader
    {
        get => field |= _mayBePipe && Pipe.HasLostReader(StandardOutputNumber);
        private set;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A new file, in place of one that is there.</summary>
    public static CaptureOutput Create(string path) => new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, BufferBytes), mayBePipe: false);

    /// <summary>Standard output. Not the console's stream, which takes the end of its reader for success.</summary>
    public static CaptureOutput StandardOutput() =>
        new(new FileStream(new SafeFileHandle(StandardOutputNumber, ownsHandle: false), FileAccess.Write, BufferBytes), mayBePipe: true);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (HasLostReader) return;
        try
        {
            _file.Write(buffer);
        }
        catch (IOException exception) when (IsBrokenPipe(exception))
        {
            HasLostReader = true;
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        if (HasLostReader) return;
        try
        {
            _file.Flush();
        }
        catch (IOException exception) when (IsBrokenPipe(exception))
        {
            HasLostReader = true;
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                _file.Dispose();
            }
            catch (IOException)
            {
                // What could not be written has been told by the write that failed first.
            }
        }

        base.Dispose(disposing);
    }

    private static bool IsBrokenPipe(IOException exception) => exception.HResult == (int)Errno.EPIPE;
}
