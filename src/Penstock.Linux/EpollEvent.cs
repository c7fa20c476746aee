// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>struct epoll_event, packed on x86-64 (sys/epoll.h).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct EpollEvent
{
    /// <summary>Which events are wanted or have come.</summary>
    public EpollEvents Events;

    /// <summary>The caller's own value, handed back.</summary>
    public ulong Data;
}
