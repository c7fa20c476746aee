// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux.Bpf;

/// <summary>The file system that pins live in.</summary>
public static unsafe partial class BpfFileSystem
{
    private const string Library = "libc.so.6";
    private const uint Magic = 0xCAFE4A11; // BPF_FS_MAGIC, linux/magic.h

    /// <summary>Whether a folder lies in a bpffs.</summary>
    public static bool Holds(string folder)
    {
        var buffer = stackalloc long[64]; // struct statfs has 120 bytes; its first word is the kind
        return statfs(folder, buffer) == 0 && (uint)*buffer == Magic;
    }

    /// <summary>Mounts a bpffs on a folder, which is created, for its owner only.</summary>
    /// <exception cref="BpfException">Mounting is not permitted.</exception>
    public static void Mount(string folder)
    {
        Directory.CreateDirectory(folder);
        var options = Encoding.ASCII.GetBytes("mode=0700\0");
        fixed (byte* data = options)
        {
            if (mount("bpf", folder, "bpf", 0, data) != 0)
                throw new BpfException($"mount a bpffs on {folder}", (Errno)Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Takes a mount away. False: it is none, or in use.</summary>
    public static bool Unmount(string folder) => umount2(folder, 0) == 0;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string kind, ulong flags, byte* data);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statfs(string path, long* buffer);
}
