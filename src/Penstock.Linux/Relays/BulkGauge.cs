// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Relays;

/// <summary>Whether what goes one way comes in bulk, so that moving it by a pipe costs less than copying it. Messages and trickles cost a system call more by pipes.</summary>
public sealed class BulkGauge
{
    /// <summary>Least that a read has to give at once for pipes to be used from then on: a large block full. Bytes.</summary>
    public const int LeastRead = BufferPool.LargeSize;

    /// <summary>A move of less than this ends the use of pipes, bytes.</summary>
    public const int LeastMove = 16 << 10;

    private bool _mayPipe;

    /// <summary>Whether pipes are worth it next.</summary>
    public bool IsBulk { get; private set; }

    /// <summary>A body or a tunnel begins.</summary>
    /// <param name="mayPipe">Whether it may ever go by pipes: nobody looks into it or changes it.</param>
    /// <param name="isBulk">Whether much is expected at once.</param>
    public void Start(bool mayPipe, bool isBulk) => (_mayPipe, IsBulk) = (mayPipe, mayPipe && isBulk);

    /// <summary>A read has given so much.</summary>
    public void OnRead(long bytes) => IsBulk |= _mayPipe && bytes >= LeastRead;

    /// <summary>A pipe has taken so much.</summary>
    public void OnPiped(int bytes) => IsBulk = bytes >= LeastMove;

    /// <summary>A read has to tell what there is.</summary>
    public void ReadNext() => IsBulk = false;

    /// <summary>No pipes for the rest of it.</summary>
    public void Refuse() => IsBulk = _mayPipe = false;
}
