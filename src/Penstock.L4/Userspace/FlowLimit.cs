// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.L4.Userspace;

/// <summary>How many connections are open, and may be. Any thread.</summary>
/// <param name="share">Where their descriptors come from, and those of their pipes.</param>
internal sealed class FlowLimit(DescriptorShare share)
{
    /// <summary>Descriptors of a connection: two sockets.</summary>
    private const int DescriptorsEach = 2;

    private int _open;
    private int _configured = int.MaxValue;

    /// <summary>Where their descriptors come from.</summary>
    public DescriptorShare Share => share;

    /// <summary>Connections open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>How many may be as configured.</summary>
    public int Configured
    {
        get => Volatile.Read(ref _configured);
        set => Volatile.Write(ref _configured, value);
    }

    /// <summary>How many may be, as things stand in the rest of the process.</summary>
    public int Most => Math.Max(1, Math.Min(Configured, Open + ((share.Most - share.Used) / DescriptorsEach)));

    /// <summary>Whether there is room for another; threads that ask at once may exceed it by one each.</summary>
    public bool HasRoom => Open < Most;

    /// <summary>One more.</summary>
    public void Enter()
    {
        Interlocked.Increment(ref _open);
        share.Take(DescriptorsEach);
    }

    /// <summary>One less.</summary>
    public void Leave()
    {
        Interlocked.Decrement(ref _open);
        share.Give(DescriptorsEach);
    }
}
