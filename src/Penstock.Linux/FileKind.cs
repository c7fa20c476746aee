// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux;

/// <summary>Tells kinds of file apart, and owners, where the BCL doesn't: by statx(2), kernel 4.11.</summary>
public static unsafe partial class FileKind
{
    private const string Library = "libc.so.6";
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100;        // AT_SYMLINK_NOFOLLOW
    private const uint TypeMask = 0x1;         // STATX_TYPE
    private const uint OwnerMask = 0x8;        // STATX_UID
    private const int BufferBytes = 256;       // sizeof(struct statx), fixed by the kernel's ABI
    private const int OwnerOffset = 20;        // offsetof(struct statx, stx_uid)
    private const int ModeOffset = 28;         // offsetof(struct statx, stx_mode)
    private const int FileTypeBits = 0xF000;   // S_IFMT
    private const int SocketType = 0xC000;     // S_IFSOCK
    private const int FifoType = 0x1000;       // S_IFIFO
    private const int RegularType = 0x8000;    // S_IFREG

    /// <summary>Whether the path itself, not what a symbolic link there points to, is a Unix socket. False when there is nothing.</summary>
    public static bool IsSocket(string path) => Is(path, SocketType, NoFollow);

    /// <summary>Whether the path itself is a FIFO. False when there is nothing.</summary>
    public static bool IsFifo(string path) => Is(path, FifoType, NoFollow);

    /// <summary>Whether the path, or what a symbolic link there points to, is a regular file: one that can be read without waiting. False when there is nothing.</summary>
    public static bool IsRegular(string path) => Is(path, RegularType, flags: 0);

    /// <summary>Number of the user that has the path, or what a symbolic link there points to. Null when there is nothing, or it can't be looked at.</summary>
    public static uint? Owner(string path)
    {
        var buffer = stackalloc byte[BufferBytes];
        return Read(path, flags: 0, OwnerMask, buffer) ? *(uint*)(buffer + OwnerOffset) : null;
    }

    private static bool Is(string path, int type, int flags)
    {
        var buffer = stackalloc byte[BufferBytes];
        return Read(path, flags, TypeMask, buffer) && (*(ushort*)(buffer + ModeOffset) & FileTypeBits) == type;
    }

    private static bool Read(string path, int flags, uint mask, byte* buffer)
    {
        fixed (byte* start = Encoding.UTF8.GetBytes(path + "\0"))
            return statx(CurrentDirectory, start, flags, mask, buffer) == 0;
    }

    [LibraryImport(Library)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, byte* buffer);
}
