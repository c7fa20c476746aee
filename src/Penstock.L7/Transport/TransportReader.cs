// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;

namespace Penstock.L7.Transport;

/// <summary>
/// What a peer sends, as everything above the transport sees it: a <see cref="PipeReader"/> with bounded waits. The implementation decides
/// what carries the bytes; see <see cref="SocketReader"/>.
/// </summary>
internal abstract class TransportReader : PipeReader
{
    private protected PendingWait _wait;
    private protected WaitGuard _guard;

    /// <summary>Whether to receive into large blocks: for bodies.</summary>
    internal bool LargeBlocks { get; set; }

    /// <summary>The last cancellation was the guard's.</summary>
    internal bool TimedOut { get; private protected set; }

    /// <summary>Whether something was reported that was not received yet.</summary>
    internal bool IsReady { get; private protected set; }

    /// <summary>Whether a read waits for the peer.</summary>
    internal bool IsWaiting => _wait.IsPending;

    /// <summary>Bytes received since the connection began.</summary>
    internal long TotalReceived { get; private protected set; }

    /// <summary>Bounds the waits from now on.</summary>
    internal ref WaitGuard Guard => ref _guard;

    /// <summary>Whether bytes are buffered that nobody has consumed.</summary>
    internal abstract bool HasBuffered { get; }

    /// <summary>Applies a changed guard to the read that waits.</summary>
    internal abstract void RestartWait();
}
