// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>What a system call returned: a count (or descriptor) of zero or more, or an errno.</summary>
public readonly struct IoResult
{
    private readonly int _value;

    private IoResult(int value) => _value = value;

    /// <summary>The count or descriptor; meaningless on error.</summary>
    public int Value => _value;

    /// <summary>True when the call failed.</summary>
    public bool IsError => _value < 0;

    /// <summary>Why it failed; <see cref="Errno.None"/> when it did not.</summary>
    public Errno Error => _value < 0 ? (Errno)(-_value) : Errno.None;

    /// <summary>A failure that no system call reported.</summary>
    internal static IoResult Failed(Errno error) => new(-(int)error);

    /// <summary>Takes a call's return value, and errno at once if it is negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static IoResult Of(nint returned) =>
        returned >= 0 ? new IoResult((int)returned) : new IoResult(-Marshal.GetLastSystemError());
}
