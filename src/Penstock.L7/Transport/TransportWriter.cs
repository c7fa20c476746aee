// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;

namespace Penstock.L7.Transport;

/// <summary>
/// What a peer gets, as everything above the transport sees it: a <see cref="PipeWriter"/> with bounded waits, whose flush completes when all
/// is on its way. The implementation decides what carries the bytes; see <see cref="SocketWriter"/>.
/// </summary>
internal abstract class TransportWriter : PipeWriter
{
    /// <summary>Up to here a body piece is copied behind the head instead of being gathered. Bytes.</summary>
    internal const int CopyUpTo = 2048;

    private protected PendingWait _wait;
    private protected WaitGuard _guard;

    /// <summary>A flush ended because the guard's time was over.</summary>
    internal bool TimedOut { get; private protected set; }

    /// <summary>Whether a flush has failed or was ended: nothing is sent any more.</summary>
    internal bool HasFailed { get; private protected set; }

    /// <summary>Whether a flush waits for the peer.</summary>
    internal bool IsWaiting => _wait.IsPending;

    /// <summary>Bytes sent since the connection began.</summary>
    internal long TotalSent { get; private protected set; }

    /// <summary>Bounds the waits from now on.</summary>
    internal ref WaitGuard Guard => ref _guard;

    /// <summary>Writes and flushes; <paramref name="suffix"/> follows the source. What is large is sent from where it lies: both must stay there until the flush completes.</summary>
    internal abstract ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, ReadOnlyMemory<byte> suffix);

    /// <summary>Copies bytes behind what is buffered.</summary>
    internal abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Throws away what is buffered and not flushed.</summary>
    /// <returns>False when the connection has failed.</returns>
    internal abstract bool TryDiscard();
}
