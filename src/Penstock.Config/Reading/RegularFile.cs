// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Penstock.Config.Reading;

/// <summary>Reads a file that must be a regular one. The base library would wait for a writer when opening a named pipe, and does not tell devices from files.</summary>
internal static partial class RegularFile
{
    private const int ReadNonBlocking = 0x80900; // O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint TypeMask = 1; // STATX_TYPE
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28;
    private const int NoEntry = 2; // ENOENT

    /// <summary>Reads at most <paramref name="limit"/> bytes.</summary>
    /// <param name="path">Path; links are followed.</param>
    /// <param name="limit">Greatest size.</param>
    /// <param name="content">Content; empty on failure.</param>
    /// <param name="missing">Whether there is no such file.</param>
    /// <returns>What is wrong, for people; null on success.</returns>
    public static string? TryRead(string path, int limit, out ReadOnlyMemory<byte> content, out bool missing)
    {
        content = default;
        missing = false;
        if (path.Contains('\0', StringComparison.Ordinal))
            return "the path contains NUL";

        var descriptor = Open(path, ReadNonBlocking);
        if (descriptor < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            missing = errno == NoEntry;
            return $"cannot open the file: {Marshal.GetPInvokeErrorMessage(errno)}";
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return WhyNotRegular(descriptor) ?? ReadAll(handle, limit, out content);
    }

    private static string? WhyNotRegular(int descriptor)
    {
        Span<byte> stat = stackalloc byte[StatxSize];
        if (Statx(descriptor, "", EmptyPath, TypeMask, ref MemoryMarshal.GetReference(stat)) < 0)
            return $"cannot read the file's type: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";

        return (MemoryMarshal.Read<ushort>(stat[StatxModeOffset..]) & 0xF000) switch
        {
            0x8000 => null,
            0x4000 => "a directory",
            0x1000 => "a named pipe",
            0x2000 => "a character device",
            0x6000 => "a block device",
            _ => "not a regular file",
        };
    }

    private static string? ReadAll(SafeFileHandle handle, int limit, out ReadOnlyMemory<byte> content)
    {
        content = default;
        try
        {
            // The length is 0 for files of /proc, which have content all the same.
            var length = RandomAccess.GetLength(handle);
            if (length > limit)
                return TooLarge(length, limit);

            var buffer = new byte[(int)Math.Max(length, 4096) + 1];
            var filled = 0;
            while (true)
            {
                var read = RandomAccess.Read(handle, buffer.AsSpan(filled), filled);
                if (read == 0)
                    break;

                filled += read;
                if (filled > limit)
                    return TooLarge(filled, limit);

                if (filled == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limit + 1));
            }

            content = buffer.AsMemory(0, filled);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot read the file: {e.Message}";
        }
    }

    private static string TooLarge(long length, int limit) => $"a file of {length} bytes or more; {limit} are allowed";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte buffer);
}
