// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>A FIFO that this process reads and others write, by its path (fifo(7)). It stays open to itself for writing, so that it never ends.</summary>
public sealed unsafe partial class Fifo : IDisposable
{
    private const string Library = "libc.so.6";
    private const uint OwnerOnly = 0x180;                        // 0600
    private const int ReadWriteAtOnce = 0x2 | 0x800 | 0x80000;   // O_RDWR | O_NONBLOCK | O_CLOEXEC

    private readonly FileDescriptor _fd;

    private Fifo(FileDescriptor fd) => _fd = fd;

    /// <summary>The descriptor; reading and writing it never waits.</summary>
    public int Descriptor => _fd.Number;

    /// <summary>Opens one, which is made where there is none. What others have written to one that was there is still to be read, as long as one of them has it open.</summary>
    /// <exception cref="IOException">It can't be made or opened, or another kind of file is there.</exception>
    public static Fifo Open(string path)
    {
        if (mkfifo(path, OwnerOnly) != 0 && (Errno)Marshal.GetLastPInvokeError() is var error and not Errno.EEXIST)
            throw new IOException($"make the FIFO {path}: {error}");
        if (!FileKind.IsFifo(path))
            throw new IOException($"{path}: something that is no FIFO is there");
        var fd = Libc.open(path, ReadWriteAtOnce);
        return fd >= 0 ? new Fifo(new FileDescriptor(fd)) : throw new IOException($"open {path}: {(Errno)Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Reads what is there.</summary>
    /// <returns>The count; EAGAIN: nothing is there.</returns>
    public IoResult Read(Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            return IoResult.Of(Libc.read(_fd.Number, first, (nuint)buffer.Length));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);
}
