// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>epoll(7), and the eventfd(2) that wakes a thread waiting in it.</summary>
public static unsafe class Epoll
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    /// <summary>epoll_create1 with EPOLL_CLOEXEC.</summary>
    /// <exception cref="Win32Exception">The limit on descriptors or epoll instances is reached.</exception>
    public static FileDescriptor Create() => Own(Libc.epoll_create1(CloseOnExec), "epoll_create1");

    /// <summary>A non-blocking eventfd at zero.</summary>
    /// <exception cref="Win32Exception">The limit on descriptors is reached.</exception>
    public static FileDescriptor CreateEventCounter() => Own(Libc.eventfd(0, CloseOnExec | NonBlocking), "eventfd");

    /// <summary>EPOLL_CTL_ADD.</summary>
    public static IoResult Add(int epoll, int fd, EpollEvents events, ulong data)
    {
        var ev = new EpollEvent { Events = events, Data = data };
        return IoResult.Of(Libc.epoll_ctl(epoll, 1, fd, &ev));
    }

    /// <summary>EPOLL_CTL_DEL.</summary>
    public static IoResult Remove(int epoll, int fd)
    {
        EpollEvent ev = default;
        return IoResult.Of(Libc.epoll_ctl(epoll, 2, fd, &ev));
    }

    /// <summary>Waits for events, at most <paramref name="timeoutMilliseconds"/> (-1: without end). A signal gives zero events.</summary>
    public static int Wait(int epoll, Span<EpollEvent> events, int timeoutMilliseconds)
    {
        fixed (EpollEvent* first = events)
        {
            return Math.Max(0, Libc.epoll_wait(epoll, first, events.Length, timeoutMilliseconds));
        }
    }

    /// <summary>Adds one to an event counter, which makes it readable.</summary>
    public static void Signal(int counter)
    {
        ulong one = 1;
        _ = Libc.write(counter, &one, sizeof(ulong));
    }

    /// <summary>Sets an event counter back to zero.</summary>
    public static void Clear(int counter)
    {
        ulong value;
        _ = Libc.read(counter, &value, sizeof(ulong));
    }

    private static FileDescriptor Own(int fd, string call) =>
        fd >= 0 ? new FileDescriptor(fd) : throw new Win32Exception(Marshal.GetLastSystemError(), call);
}
