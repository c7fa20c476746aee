// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Penstock.Linux;

/// <summary>A file without a name that lasts as long as somebody has a descriptor of it (memfd_create(2), kernel 3.17): what a process leaves to the next, by a service manager that keeps the descriptor.</summary>
public sealed class MemoryFile : IDisposable
{
    /// <summary>Most bytes that it holds.</summary>
    public const int MaxLength = 64 << 20;

    private const uint CloseOnExec = 1;
    private const int GetSeals = 1034;

    // Length and SHA-256 of what follows: who is killed while writing has left neither the old nor the new.
    private const int LengthBytes = 4, HeadLength = LengthBytes + SHA256.HashSizeInBytes;

    private readonly FileDescriptor _descriptor;
    private readonly SafeFileHandle _handle;

    /// <summary>Takes over one that a process before has made.</summary>
    public MemoryFile(FileDescriptor descriptor) => (_descriptor, _handle) = (descriptor, new SafeFileHandle(descriptor.Number, ownsHandle: false));

    /// <summary>Its descriptor, for the service manager.</summary>
    public FileDescriptor Descriptor => _descriptor;

    /// <summary>A new one.</summary>
    /// <param name="name">What it is called in /proc/PID/fd.</param>
    /// <exception cref="IOException">The kernel has none to give.</exception>
    public static MemoryFile Create(string name)
    {
        var number = Libc.memfd_create(name, CloseOnExec);
        return number >= 0 ? new MemoryFile(new FileDescriptor(number)) : throw new IOException($"a file in memory: {(Errno)Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Whether a descriptor is of such a file (F_GET_SEALS of fcntl(2)).</summary>
    public static bool IsOne(int number) => Libc.fcntl(number, GetSeals, 0) >= 0;

    /// <summary>Puts this in place of what was there.</summary>
    /// <exception cref="IOException">Memory has run out; what can be read is what was there, or nothing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">It is longer than <see cref="MaxLength"/>.</exception>
    public void Write(ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxLength)
            throw new ArgumentOutOfRangeException(nameof(content), content.Length, $"longer than {MaxLength} bytes");
        var whole = new byte[HeadLength + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(whole, content.Length);
        SHA256.HashData(content, whole.AsSpan(LengthBytes));
        content.CopyTo(whole.AsSpan(HeadLength));
        RandomAccess.Write(_handle, whole, 0);
    }

    /// <summary>What was last written; null: nothing, or not to its end.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public byte[]? Read()
    {
        Span<byte> head = stackalloc byte[HeadLength];
        if (RandomAccess.Read(_handle, head, 0) < HeadLength)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < 0 or > MaxLength)
            return null;
        var content = new byte[length];
        return RandomAccess.Read(_handle, content, HeadLength) == length && SHA256.HashData(content).AsSpan().SequenceEqual(head[LengthBytes..]) ? content : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _handle.Dispose();
        _descriptor.Dispose();
    }
}
