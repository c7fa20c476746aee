// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Imports from glibc. Calls that never block skip the GC transition, which also leaves errno as the call set it.</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc.so.6";

    /// <summary>F_DUPFD_CLOEXEC of <see cref="fcntl"/>.</summary>
    internal const int DuplicateCloseOnExec = 1030;

    [LibraryImport(Library)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int epoll_ctl(int epfd, int op, int fd, EpollEvent* ev);

    [LibraryImport(Library)]
    internal static partial int epoll_wait(int epfd, EpollEvent* events, int maxevents, int timeout);

    [LibraryImport(Library)]
    internal static partial int eventfd(uint initval, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint read(int fd, void* buf, nuint count);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint write(int fd, void* buf, nuint count);

    [LibraryImport(Library)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode = 0);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fsync(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, int argument);

    [LibraryImport(Library)]
    internal static partial int pipe2(int* ends, int flags);

    [LibraryImport(Library)]
    internal static partial nint splice(int source, long* sourceOffset, int target, long* targetOffset, nuint length, uint flags);

    [LibraryImport(Library)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library)]
    internal static partial int bind(int fd, byte* addr, uint len);

    [LibraryImport(Library)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int accept4(int fd, byte* addr, uint* len, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int connect(int fd, byte* addr, uint len);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint recv(int fd, void* buf, nuint len, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint send(int fd, void* buf, nuint len, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint sendmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg")]
    internal static partial nint sendmsg_waiting(int fd, MessageHeader* message, int flags);

    [LibraryImport(Library)]
    internal static partial nint sendto(int fd, void* buf, nuint len, int flags, byte* addr, uint addrlen);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint recvfrom(int fd, void* buf, nuint len, int flags, byte* addr, uint* addrlen);

    [LibraryImport(Library)]
    internal static partial int poll(PollDescriptor* descriptors, nuint count, int timeout);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int shutdown(int fd, int how);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int setsockopt(int fd, int level, int name, void* value, uint len);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int getsockopt(int fd, int level, int name, void* value, uint* len);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int getsockname(int fd, byte* addr, uint* len);

    [LibraryImport(Library)]
    internal static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int clock_gettime(int clock, long* time);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int clock_getres(int clock, long* resolution);

    [LibraryImport(Library)]
    internal static partial int nanosleep(long* time, long* left);

    [LibraryImport(Library)]
    internal static partial int prctl(int option, nuint argument);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial uint geteuid();

    [LibraryImport(Library)]
    internal static partial int capget(ThreadRights.Header* header, ThreadRights.Words* words);

    [LibraryImport(Library)]
    internal static partial int capset(ThreadRights.Header* header, ThreadRights.Words* words);

    /// <summary>struct pollfd (poll.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    /// <summary>struct msghdr of 64-bit Linux (bits/socket.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct cmsghdr of 64-bit Linux (bits/socket.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
    }
}
