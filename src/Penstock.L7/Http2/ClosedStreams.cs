// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http2;

/// <summary>Streams that ended last, to tell frames that were on their way when this end reset a stream from those that break the rules.</summary>
internal sealed class ClosedStreams
{
    /// <summary>Streams remembered: more than may be open at once by default.</summary>
    private const int Capacity = 256;

    private readonly int[] _ids = new int[Capacity];
    private int _next;

    /// <summary>A stream has ended.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="resetHere">Whether this end has reset it.</param>
    internal void Add(int id, bool resetHere)
    {
        _ids[_next] = resetHere ? -id : id;
        _next = (_next + 1) % Capacity;
    }

    /// <summary>Whether this end has reset the stream.</summary>
    internal bool WasResetHere(int id) => _ids.AsSpan().Contains(-id);

    /// <summary>Whether the stream was open, as far as is known.</summary>
    internal bool WasOpen(int id) => _ids.AsSpan().Contains(id) || WasResetHere(id);
}
