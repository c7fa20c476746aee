// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <summary>Writes the pieces of a body in the framing of the side it goes to.</summary>
internal static class BodyWriter
{
    private static readonly byte[] CrLf = [13, 10];

    /// <summary>Whether a piece is buffered rather than sent from where it lies.</summary>
    internal static bool IsSmall(in ReadOnlySequence<byte> data) => data.Length <= TransportWriter.CopyUpTo;

    /// <summary>Buffers a small piece.</summary>
    internal static void Append(TransportWriter writer, in ReadOnlySequence<byte> data, bool chunked)
    {
        if (chunked)
            AppendSize(writer, data.Length);
        foreach (var piece in data)
            writer.Append(piece.Span);
        if (chunked)
            writer.Append(CrLf);
    }

    /// <summary>Sends a contiguous piece with what is buffered before it; it must stay where it is until then.</summary>
    internal static ValueTask<FlushResult> SendAsync(TransportWriter writer, ReadOnlyMemory<byte> data, bool chunked)
    {
        if (!chunked)
            return writer.WriteAsync(data);
        AppendSize(writer, data.Length);
        return writer.WriteAsync(data, CrLf);
    }

    /// <summary>Buffers the end of a chunked body.</summary>
    internal static void AppendEnd(TransportWriter writer, TrailerSection? trailers) =>
        writer.Advance(ChunkedEncoder.WriteEnd(writer.GetSpan(ChunkedEncoder.MaxEndLength(trailers)), trailers));

    private static void AppendSize(TransportWriter writer, long length) =>
        writer.Advance(ChunkedEncoder.WriteHeader(writer.GetSpan(ChunkedEncoder.MaxHeaderLength), length));
}
