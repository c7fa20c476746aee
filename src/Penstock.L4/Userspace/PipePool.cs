// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.L4.Userspace;

/// <summary>Empty pipes of a reactor. One thread only.</summary>
internal sealed class PipePool : IDisposable
{
    /// <summary>Pipes kept: a connection gives its own back in the turn it took it in, unless a peer does not read.</summary>
    public const int MaxKept = 16;

    private readonly Stack<SplicePipe> _free = new();

    /// <summary>An empty pipe; null: no descriptor is left.</summary>
    public SplicePipe? Rent() => _free.TryPop(out var pipe) ? pipe : SplicePipe.TryCreate();

    /// <summary>Takes one back that is empty.</summary>
    public void Return(SplicePipe pipe)
    {
        if (_free.Count < MaxKept)
            _free.Push(pipe);
        else
            pipe.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_free.TryPop(out var pipe))
            pipe.Dispose();
    }
}
