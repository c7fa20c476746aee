// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>Types of messages that every protocol has (linux/netlink.h); those below 16 are nobody else's.</summary>
public static class NetlinkMessageType
{
    /// <summary>To be ignored.</summary>
    public const ushort Noop = 1;

    /// <summary>The outcome of a request; 0: it was done.</summary>
    public const ushort Error = 2;

    /// <summary>The end of a dump.</summary>
    public const ushort Done = 3;

    /// <summary>Messages were lost.</summary>
    public const ushort Overrun = 4;
}
