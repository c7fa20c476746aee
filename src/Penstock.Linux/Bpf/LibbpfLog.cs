// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux.Bpf;

/// <summary>
/// Collects what libbpf prints at warning level while a call of the same thread runs, so that an error can carry it;
/// otherwise libbpf writes to standard error, which belongs to the program.
/// </summary>
internal static unsafe partial class LibbpfLog
{
    private const int Warning = 0;

    // A verifier log may have megabytes; its end says what was refused.
    private const int MaxBytes = 64 * 1024;

    [ThreadStatic]
    private static StringBuilder? t_text;

    static LibbpfLog() => _ = Libbpf.libbpf_set_print(&Print);

    /// <summary>Runs a call and gives its result with what was printed meanwhile, at most the last 64 KiB.</summary>
    internal static (T Result, string Log) Collect<T>(Func<T> call)
    {
        var text = t_text = new StringBuilder();
        try
        {
            var result = call();
            return (result, text.ToString(Math.Max(0, text.Length - MaxBytes), Math.Min(text.Length, MaxBytes)).TrimEnd());
        }
        finally
        {
            t_text = null;
        }
    }

    // A va_list argument is a pointer on x86-64 (System V ABI 3.5.7) and on AArch64 (AAPCS64: a composite above 16 bytes).
    [UnmanagedCallersOnly]
    private static int Print(int level, byte* format, nint arguments)
    {
        if (level != Warning || t_text is not { } text)
            return 0;

        const int Capacity = 256 * 1024;
        var buffer = new byte[Capacity];
        fixed (byte* start = buffer)
        {
            var length = vsnprintf(start, Capacity, format, arguments);
            text.Append(Encoding.UTF8.GetString(start, Math.Clamp(length, 0, Capacity - 1)));
            return length;
        }
    }

    [LibraryImport("libc.so.6")]
    private static partial int vsnprintf(byte* buffer, nuint size, byte* format, nint arguments);

    /// <summary>Runs the static constructor: for calls that print and collect nothing.</summary>
    internal static void Install() => RuntimeHelpers.RunClassConstructor(typeof(LibbpfLog).TypeHandle);
}
