// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tests.Tls;

/// <summary>Sends what is written in two parts, or byte by byte, each in a packet of its own.</summary>
/// <param name="inner">Takes the parts.</param>
/// <param name="at">Length of the first part; null: every byte is a part.</param>
internal sealed class SplitStream(Stream inner, int? at = null) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var part = at is { } first ? Math.Min(first, buffer.Length) : 1;
        for (var sent = 0; sent < buffer.Length; part = at is null ? 1 : buffer.Length - sent)
        {
            await inner.WriteAsync(buffer.Slice(sent, part), cancellationToken);
            sent += part;
            await Task.Yield();
        }
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
