// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>A folder, or a file, that one process at a time may use; the kernel lets go when the process ends, however it does (flock(2)).</summary>
public sealed class FolderLock : IDisposable
{
    private const int CloseOnExec = 0x80000;   // O_CLOEXEC
    private const int Create = 0x40;           // O_CREAT
    private const uint OwnerOnly = 0x180;      // 0600
    private const int ExclusiveAtOnce = 2 | 4; // LOCK_EX | LOCK_NB

    private readonly FileDescriptor _fd;

    private FolderLock(FileDescriptor fd) => _fd = fd;

    /// <summary>Takes it; null: another process has it.</summary>
    /// <exception cref="IOException">The folder can't be opened, or its filesystem has no locks.</exception>
    public static FolderLock? TryTake(string folder) => TryTake(folder, CloseOnExec);

    /// <summary>The same of a file, which is made where there is none, and stays.</summary>
    /// <exception cref="IOException">The file can't be made or opened, or its filesystem has no locks.</exception>
    public static FolderLock? TryTakeFile(string path) => TryTake(path, Create | CloseOnExec);

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private static FolderLock? TryTake(string path, int flags)
    {
        var fd = Libc.open(path, flags, OwnerOnly);
        if (fd < 0)
            throw new IOException($"open {path}: {(Errno)Marshal.GetLastPInvokeError()}");
        var owned = new FileDescriptor(fd);
        if (Libc.flock(fd, ExclusiveAtOnce) == 0)
            return new FolderLock(owned);
        var error = (Errno)Marshal.GetLastPInvokeError();
        owned.Dispose();
        return error == Errno.EAGAIN ? null : throw new IOException($"lock {path}: {error}");
    }
}
