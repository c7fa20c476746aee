// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>EPOLL* of sys/epoll.h.</summary>
[Flags]
public enum EpollEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>EPOLLIN.</summary>
    In = 0x1,

    /// <summary>EPOLLPRI: the urgent byte of a stream has come.</summary>
    Priority = 0x2,

    /// <summary>EPOLLOUT.</summary>
    Out = 0x4,

    /// <summary>EPOLLERR; always reported.</summary>
    Error = 0x8,

    /// <summary>EPOLLHUP; always reported.</summary>
    HangUp = 0x10,

    /// <summary>EPOLLRDHUP: the peer has shut down its writing half.</summary>
    ReadHangUp = 0x2000,

    /// <summary>EPOLLEXCLUSIVE: wake one of several epoll instances that share a descriptor (Linux 4.5).</summary>
    Exclusive = 1u << 28,

    /// <summary>EPOLLET: report changes, not states.</summary>
    EdgeTriggered = 1u << 31,
}
