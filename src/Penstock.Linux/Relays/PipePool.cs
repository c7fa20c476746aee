// SPDX-License-Identifier: Apache-2.0

namespace Penstock.Linux.Relays;

/// <summary>Pipes of a reactor's connections, each of which has one only while bytes are in it. One thread only.</summary>
/// <param name="share">Where descriptors of pipes beyond those that are kept come from.</param>
/// <param name="kept">Pipes that are kept.</param>
/// <param name="keepsOnly">Whether there are no others, and those that are kept come from the share too, as far as they leave half of it to connections.</param>
public sealed class PipePool(DescriptorShare share, int kept = PipePool.MaxKept, bool keepsOnly = false) : IDisposable
{
    /// <summary>Pipes kept: a connection gives its own back in the turn it took it in, unless a peer does not read.</summary>
    public const int MaxKept = 16;

    /// <summary>What a kept one holds: with a pipe's own 64 KiB, a bulk stream takes 1.6 times the processor.</summary>
    public const int Bytes = 256 << 10;

    /// <summary>Descriptors of a pipe.</summary>
    public const int DescriptorsEach = 2;

    private readonly HashSet<SplicePipe> _kept = [];
    private readonly Stack<SplicePipe> _free = new();

    /// <summary>Whether all pipes that there may be are in use: one may come back soon.</summary>
    public bool IsUsedUp => keepsOnly && _kept.Count >= kept && _free.Count == 0;

    /// <summary>An empty pipe; null: none is to be had. Those beyond the kept ones leave half of the share to connections, which do without.</summary>
    public SplicePipe? Rent()
    {
        if (_free.TryPop(out var free))
            return free;
        var isKept = _kept.Count < kept;
        var isOfShare = keepsOnly || !isKept;
        if ((keepsOnly && !isKept) || (isOfShare && !share.HasRoom(DescriptorsEach + (share.Most / 2))) || SplicePipe.TryCreate(isKept ? Bytes : 0) is not { } pipe)
            return null;
        if (isKept)
            _kept.Add(pipe);
        if (isOfShare)
            share.Take(DescriptorsEach);
        return pipe;
    }

    /// <summary>Takes one back that is empty.</summary>
    public void Return(SplicePipe pipe)
    {
        if (_kept.Contains(pipe))
            _free.Push(pipe);
        else
            Discard(pipe);
    }

    /// <summary>Takes one back that is not.</summary>
    public void Discard(SplicePipe pipe)
    {
        pipe.Dispose();
        if (!_kept.Remove(pipe) || keepsOnly)
            share.Give(DescriptorsEach);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _free.Clear();
        foreach (var pipe in _kept.ToArray())
            Discard(pipe); // Those in use, too: who has one runs no more.
    }
}
