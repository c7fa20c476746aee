// SPDX-License-Identifier: Apache-2.0
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

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
