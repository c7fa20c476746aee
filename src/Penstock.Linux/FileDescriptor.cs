// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Penstock.Linux;

/// <summary>A descriptor that closes itself: for the long-lived ones (epoll, eventfd, listening sockets).</summary>
public sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>Owns a descriptor.</summary>
    public FileDescriptor(int fd)
        : base(ownsHandle: true) => SetHandle(fd);

    /// <summary>The number.</summary>
    public int Number => (int)handle;

    /// <summary>Another number for an open descriptor, closed when another program takes the process over (fcntl(2), F_DUPFD_CLOEXEC).</summary>
    /// <exception cref="IOException">It is not open, or descriptors have run out.</exception>
    public static int Duplicate(int number)
    {
        const int FirstFree = 3;
        var fd = Libc.fcntl(number, Libc.DuplicateCloseOnExec, FirstFree);
        return fd >= 0 ? fd : throw new IOException($"descriptor {number}: {(Errno)Marshal.GetLastPInvokeError()}");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
