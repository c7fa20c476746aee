// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Userspace;

/// <summary>How many connections are open, and may be. Any thread.</summary>
internal sealed class FlowLimit
{
    private int _open;
    private int _most = int.MaxValue;

    /// <summary>Connections open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>How many may be.</summary>
    public int Most
    {
        get => Volatile.Read(ref _most);
        set => Volatile.Write(ref _most, value);
    }

    /// <summary>Whether there is room for another; threads that ask at once may exceed it by one each.</summary>
    public bool HasRoom => Open < Most;

    /// <summary>One more.</summary>
    public void Enter() => Interlocked.Increment(ref _open);

    /// <summary>One less.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);
}
