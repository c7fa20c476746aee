// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;

namespace Penstock.Daemon.Systemd;

/// <summary>Reports to systemd's watchdog at half its interval, as long as the daemon makes progress.</summary>
internal static class Watchdog
{
    /// <summary>The interval systemd told this process; null when it does not watch it.</summary>
    public static TimeSpan? IntervalFromEnvironment() =>
        Interval(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), Environment.GetEnvironmentVariable("WATCHDOG_PID"));

    /// <summary>The interval systemd watches with; null when it does not watch this process.</summary>
    /// <param name="microseconds">Value of WATCHDOG_USEC.</param>
    /// <param name="pid">Value of WATCHDOG_PID; null or empty: any process.</param>
    public static TimeSpan? Interval(string? microseconds, string? pid)
    {
        if (!string.IsNullOrEmpty(pid) && (!int.TryParse(pid, out var watched) || watched != Environment.ProcessId)) return null;
        return long.TryParse(microseconds, out var value) && value is > 0 and < long.MaxValue / 10
            ? TimeSpan.FromMicroseconds(value)
            : null;
    }

    /// <summary>Runs until cancelled.</summary>
    /// <param name="interval">From <see cref="Interval"/>.</param>
    /// <param name="notifier">Whom to tell.</param>
    /// <param name="isAlive">Whether there was progress within the time given.</param>
    /// <param name="time">Clock of the interval.</param>
    /// <param name="logger">Where a missing sign of life is told.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(
        TimeSpan interval,
        ServiceNotifier notifier,
        Func<TimeSpan, ValueTask<bool>> isAlive,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation)
    {
        var half = interval / 2;
        using var timer = new PeriodicTimer(half, time);
        try
        {
            do
            {
                if (await isAlive(half)) notifier.Watchdog();
                else logger.LogError("no progress for {Milliseconds:0} ms: the watchdog is not told", half.TotalMilliseconds);
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
    }
}
