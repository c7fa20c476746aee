// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Linux;

namespace Penstock.L7.Tests.Splicing;

/// <summary>A filter of system calls (seccomp(2)) that has splice(2) fail: as on a kernel without it, or for a service that may not use it.</summary>
internal static partial class SpliceFilter
{
    private const int NoNewPrivileges = 38, Seccomp = 22; // PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
    private const uint Allow = 0x7fff0000, Fail = 0x00050000; // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
    private const ushort Load = 0x20, JumpIfEqual = 0x15, Return = 0x06;

    /// <summary>From now on, for the thread that calls this, for good.</summary>
    public static void Begin(Errno error)
    {
        var splice = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 76u : 275u;
        Instruction[] code =
        [
            new(Load, 0, 0, 0), // the call's number
            new(JumpIfEqual, 0, 1, splice),
            new(Return, 0, 0, Fail | (uint)error),
            new(Return, 0, 0, Allow),
        ];
        var pinned = GCHandle.Alloc(code, GCHandleType.Pinned);
        try
        {
            var program = new Program((ushort)code.Length, pinned.AddrOfPinnedObject());
            prctl(NoNewPrivileges, 1, 0, 0, 0).ShouldBe(0);
            prctl(Seccomp, 2, in program).ShouldBe(0);
        }
        finally
        {
            pinned.Free();
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint mode, in Program program);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instruction(ushort code, byte whenTrue, byte whenFalse, uint value)
    {
        public readonly ushort Code = code;
        public readonly byte WhenTrue = whenTrue;
        public readonly byte WhenFalse = whenFalse;
        public readonly uint Value = value;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Program(ushort length, nint code)
    {
        public readonly ushort Length = length;
        public readonly nint Code = code;
    }
}
