// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>
/// Descriptors that connections leave to the rest of the process. The runtime ends the process when it can't open a file it needs, such as
/// an assembly at its first use, and reloads, logs and the admin API need some too: clients must not be able to take the last one.
/// </summary>
public static unsafe class DescriptorReserve
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE

    /// <summary>Kept back; at most a quarter of a very low limit.</summary>
    private const int Kept = 64;

    /// <summary>The process's limit of open files, as it was when this was first asked for.</summary>
    public static ulong Limit { get; } = ReadLimit();

    /// <summary>Least number that a connection's descriptor may not have. The kernel gives out the lowest free number, so fewer than this many are open below it.</summary>
    public static int Ceiling { get; } = CeilingOf(Limit);

    /// <summary>The ceiling below a limit of open files.</summary>
    internal static int CeilingOf(ulong limit) => (int)Math.Min(limit - Math.Min(Kept, limit / 4), int.MaxValue);

    /// <summary>Descriptors that are open now. Takes time in proportion: for the start.</summary>
    public static int CountOpen()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1; // Less the listing's own.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0; // No /proc: a guess that the reserve makes up for.
        }
    }

    private static ulong ReadLimit()
    {
        var limit = stackalloc ulong[2]; // soft, hard
        return Libc.getrlimit(OpenFiles, limit) == 0 ? limit[0] : ulong.MaxValue;
    }
}
