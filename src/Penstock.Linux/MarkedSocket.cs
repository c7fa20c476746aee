// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>A TCP socket all of whose packets have a mark, those that leave and those that it takes.</summary>
public static unsafe class MarkedSocket
{
    private const int LevelSocket = 1;
    private const int Mark = 36;         // SO_MARK
    private const int AttachFilter = 26; // SO_ATTACH_FILTER
    private const uint LoadMark = 0xFFFFF000 + 20; // SKF_AD_OFF + SKF_AD_MARK (linux/filter.h)
    private const uint Everything = 0x40000;

    /// <summary>Sets the mark, has the kernel drop what comes in without it, and binds to a port that no other bound socket has.</summary>
    /// <param name="fd">A TCP socket that is not connected.</param>
    /// <param name="isIpv6">Its family.</param>
    /// <param name="mark">The mark.</param>
    /// <returns>The first failure: EPERM without CAP_NET_ADMIN.</returns>
    public static IoResult Prepare(int fd, bool isIpv6, uint mark)
    {
        var marked = IoResult.Of(Libc.setsockopt(fd, LevelSocket, Mark, &mark, sizeof(uint)));
        if (marked.IsError)
            return marked;
        var steps = stackalloc Step[]
        {
            new Step { Code = 0x20, Operand = LoadMark }, // ld mark
            new Step { Code = 0x15, IfNot = 1, Operand = mark }, // jeq
            new Step { Code = 0x06, Operand = Everything }, // ret
            new Step { Code = 0x06 },
        };
        var filter = new Filter { Length = 4, Steps = steps };
        var filtered = IoResult.Of(Libc.setsockopt(fd, LevelSocket, AttachFilter, &filter, (uint)sizeof(Filter)));
        if (filtered.IsError)
            return filtered;
        var any = SocketAddress.Ip(isIpv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return SocketCalls.Bind(fd, ref any); // without SO_REUSEADDR, which the framework would set
    }

    /// <summary>struct sock_filter (linux/filter.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Step
    {
        internal ushort Code;
        internal byte IfSo;
        internal byte IfNot;
        internal uint Operand;
    }

    /// <summary>struct sock_fprog (linux/filter.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Filter
    {
        internal ushort Length;
        internal Step* Steps;
    }
}
