// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>The clock that programs read without a call: jiffies (bpf_jiffies64).</summary>
public static unsafe class BpfClock
{
    private const int MonotonicCoarse = 6; // CLOCK_MONOTONIC_COARSE
    private const int Monotonic = 1;       // CLOCK_MONOTONIC
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int EarlySeconds = 300;  // INITIAL_JIFFIES: so long before 2^32 of them (linux/jiffies.h)

    /// <summary>Jiffies a second, the kernel's CONFIG_HZ: 100 to 1,000. The coarse clock's resolution is one jiffy (clock_getres(2)).</summary>
    public static int Hertz { get; } = Read();

    /// <summary>A jiffy in seconds / 2^16: lb_settings.tick.</summary>
    public static ushort Tick => (ushort)((1 << 16) / Hertz);

    /// <summary>Seconds as programs count them, from jiffies by <see cref="Tick"/>: jiffies go by the monotonic clock. A program may be a second ahead or behind.</summary>
    public static uint Seconds
    {
        get
        {
            var now = stackalloc long[2]; // struct timespec
            BpfException.Check(Libc.clock_gettime(Monotonic, now), "read the monotonic clock");
            var jiffies = (1UL << 32) - ((ulong)EarlySeconds * (ulong)Hertz) + ((ulong)now[0] * (ulong)Hertz) + ((ulong)now[1] * (ulong)Hertz / NanosecondsPerSecond);
            return (uint)(jiffies * Tick >> 16);
        }
    }

    private static int Read()
    {
        var resolution = stackalloc long[2]; // struct timespec: seconds, nanoseconds
        BpfException.Check(Libc.clock_getres(MonotonicCoarse, resolution), "read the resolution of the coarse clock");
        return (int)Math.Round((double)NanosecondsPerSecond / resolution[1]);
    }
}
