// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Bpf;

/// <summary>An array map's memory, as programs see it: what is written there needs no call.</summary>
/// <typeparam name="TValue">An element, with its padding to eight bytes.</typeparam>
public sealed unsafe partial class BpfMapMemory<TValue> : SafeHandle
    where TValue : unmanaged
{
    private const int ReadWrite = 3; // PROT_READ | PROT_WRITE
    private const int Shared = 1;    // MAP_SHARED

    private readonly int _count;

    internal BpfMapMemory(int fd, int count, string name)
        : base(-1, ownsHandle: true)
    {
        _count = count;
        var memory = MemoryMap.mmap(0, Length, ReadWrite, Shared, fd, 0);
        if (memory == -1)
            throw new BpfException($"map the memory of map {name}", (Errno)Marshal.GetLastPInvokeError());
        SetHandle(memory);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The elements. Not to be used after disposal.</summary>
    public Span<TValue> Values => new((void*)handle, _count);

    private nuint Length => (nuint)_count * (nuint)sizeof(TValue);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => MemoryMap.munmap(handle, Length) == 0;
}
