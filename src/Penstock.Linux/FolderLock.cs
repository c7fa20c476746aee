// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>A folder that one process at a time may use; the kernel lets go when the process ends, however it does (flock(2)).</summary>
public sealed class FolderLock : IDisposable
{
    private const int DirectoryCloseOnExec = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC
    private const int ExclusiveAtOnce = 2 | 4;                   // LOCK_EX | LOCK_NB

    private readonly FileDescriptor _fd;

    private FolderLock(FileDescriptor fd) => _fd = fd;

    /// <summary>Takes it; null: another process has it.</summary>
    /// <exception cref="IOException">The folder can't be opened, or its filesystem has no locks.</exception>
    public static FolderLock? TryTake(string folder)
    {
        var fd = Libc.open(folder, DirectoryCloseOnExec);
        if (fd < 0)
            throw new IOException($"open {folder}: {(Errno)Marshal.GetLastPInvokeError()}");
        var owned = new FileDescriptor(fd);
        if (Libc.flock(fd, ExclusiveAtOnce) == 0)
            return new FolderLock(owned);
        var error = (Errno)Marshal.GetLastPInvokeError();
        owned.Dispose();
        return error == Errno.EAGAIN ? null : throw new IOException($"lock {folder}: {error}");
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
