// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http2;

/// <summary>Streams that ended last, to tell frames that were on their way when this end reset a stream from those that break the rules.</summary>
internal sealed class ClosedStreams
{
    /// <summary>Streams remembered of each kind: more than may be open at once by default.</summary>
    private const int Capacity = 256;

    // Those that ended in order must not push the others out: they are many, and nothing is on its way to them.
    private readonly int[] _ended = new int[Capacity];
    private readonly int[] _reset = new int[Capacity];
    private int _nextEnded;
    private int _nextReset;

    /// <summary>A stream has ended.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="resetHere">Whether this end has reset it.</param>
    internal void Add(int id, bool resetHere)
    {
        if (resetHere)
            Put(_reset, ref _nextReset, id);
        else
            Put(_ended, ref _nextEnded, id);
    }

    /// <summary>Whether this end has reset the stream.</summary>
    internal bool WasResetHere(int id) => _reset.AsSpan().Contains(id);

    /// <summary>Whether the peer has ended the stream, as far as is known: it may send nothing more to it.</summary>
    internal bool HasEnded(int id) => _ended.AsSpan().Contains(id);

    private static void Put(int[] ids, ref int next, int id)
    {
        ids[next] = id;
        next = (next + 1) % Capacity;
    }
}
