// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>mmap(2).</summary>
internal static partial class MemoryMap
{
    private const string Library = "libc.so.6";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library)]
    internal static partial int munmap(nint address, nuint length);
}
