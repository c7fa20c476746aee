// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Classic BPF on a socket: which packets it takes (linux/filter.h, Documentation/networking/filter.rst). Others are dropped as if they had been lost.</summary>
internal static unsafe class SocketFilter
{
    private const int LevelSocket = 1;
    private const int AttachFilter = 26; // SO_ATTACH_FILTER
    private const uint LoadMark = 0xFFFFF000 + 20; // SKF_AD_OFF + SKF_AD_MARK
    private const uint TcpFlags = 13; // A TCP socket's filter sees packets from their TCP header on.
    private const uint SynAck = 0x12;
    private const uint Syn = 0x02;
    private const uint Everything = 0x40000;

    /// <summary>Only packets with a mark.</summary>
    internal static IoResult TakeMarked(int fd, uint mark)
    {
        var steps = stackalloc Step[]
        {
            new Step { Code = 0x20, Operand = LoadMark }, // ld mark
            new Step { Code = 0x15, IfNot = 1, Operand = mark }, // jeq
            new Step { Code = 0x06, Operand = Everything }, // ret
            new Step { Code = 0x06 },
        };
        return Attach(fd, steps, 4);
    }

    /// <summary>Of TCP, all but the first packet of a connection.</summary>
    internal static IoResult TakeNoSyn(int fd)
    {
        var steps = stackalloc Step[]
        {
            new Step { Code = 0x30, Operand = TcpFlags }, // ldb [13]
            new Step { Code = 0x54, Operand = SynAck }, // and
            new Step { Code = 0x15, IfNot = 1, Operand = Syn }, // jeq
            new Step { Code = 0x06 }, // ret
            new Step { Code = 0x06, Operand = Everything },
        };
        return Attach(fd, steps, 5);
    }

    private static IoResult Attach(int fd, Step* steps, ushort length)
    {
        var filter = new Filter { Length = length, Steps = steps };
        return IoResult.Of(Libc.setsockopt(fd, LevelSocket, AttachFilter, &filter, (uint)sizeof(Filter)));
    }

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Step
    {
        internal ushort Code;
        internal byte IfSo;
        internal byte IfNot;
        internal uint Operand;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Filter
    {
        internal ushort Length;
        internal Step* Steps;
    }
}
