// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.L7.Forwarding;

/// <summary>Whether what goes one way comes in bulk, so that moving it by a pipe costs less than copying it. Messages and trickles cost a system call more by pipes.</summary>
internal sealed class BulkGauge
{
    /// <summary>Least that a read has to give at once for pipes to be used from then on: a large block full. Bytes.</summary>
    internal const int LeastRead = BufferPool.LargeSize;

    /// <summary>A move of less than this ends the use of pipes, bytes.</summary>
    internal const int LeastMove = 16 << 10;

    private bool _mayPipe;

    /// <summary>Whether pipes are worth it next.</summary>
    internal bool IsBulk { get; private set; }

    /// <summary>A body or a tunnel begins.</summary>
    /// <param name="mayPipe">Whether it may ever go by pipes: nobody looks into it or changes it.</param>
    /// <param name="isBulk">Whether much is expected at once.</param>
    internal void Start(bool mayPipe, bool isBulk) => (_mayPipe, IsBulk) = (mayPipe, mayPipe && isBulk);

    /// <summary>A read has given so much.</summary>
    internal void OnRead(long bytes) => IsBulk |= _mayPipe && bytes >= LeastRead;

    /// <summary>A pipe has taken so much.</summary>
    internal void OnPiped(int bytes) => IsBulk = bytes >= LeastMove;

    /// <summary>A read has to tell what there is.</summary>
    internal void ReadNext() => IsBulk = false;

    /// <summary>No pipes for the rest of it.</summary>
    internal void Refuse() => IsBulk = _mayPipe = false;
}
