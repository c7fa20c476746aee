// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Model.Observability;

/// <summary>Positions of a ring's two threads, each on cache lines of its own (128 bytes: processors fetch lines in pairs).</summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct RingCursors
{
    /// <summary>Bytes ever written. Set by the writer.</summary>
    [FieldOffset(128)]
    public long Head;

    /// <summary><see cref="Tail"/> as the writer last saw it.</summary>
    [FieldOffset(136)]
    public long TailSeen;

    /// <summary>Records refused. Set by the writer.</summary>
    [FieldOffset(144)]
    public long Dropped;

    /// <summary>Bytes ever released. Set by the reader.</summary>
    [FieldOffset(256)]
    public long Tail;

    /// <summary><see cref="Head"/> as the reader last saw it.</summary>
    [FieldOffset(264)]
    public long HeadSeen;

    /// <summary>Bytes of the entry lent to the reader, released by its next read.</summary>
    [FieldOffset(272)]
    public int Lent;
}
