// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Ids given out and taken back; the one longest free goes next, so that what still names an old owner has time to go.</summary>
internal sealed class IdSpace
{
    private readonly Queue<uint> _free = new();
    private readonly HashSet<uint> _claimed = [];
    private readonly uint _end;
    private readonly string _what;
    private uint _next;

    /// <summary>All ids free.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many there are, from 0 on.</param>
    /// <param name="what">Of what, for an error.</param>
    public IdSpace(uint first, int count, string what)
    {
        _next = first;
        _end = (uint)count;
        _what = what;
    }

    /// <summary>Gives one out.</summary>
    /// <exception cref="XdpFullException">None is free.</exception>
    public uint Take()
    {
        while (_next < _end)
        {
            var id = _next++;
            if (!_claimed.Remove(id))
                return id;
        }

        return _free.TryDequeue(out var old) ? old : throw new XdpFullException($"no room for another of {_end} {_what}");
    }

    /// <summary>Marks one that was found in use, before any is given out.</summary>
    public void Claim(uint id) => _claimed.Add(id);

    /// <summary>Takes one back.</summary>
    public void Free(uint id) => _free.Enqueue(id);
}
