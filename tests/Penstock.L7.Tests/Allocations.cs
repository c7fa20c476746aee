// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.L7.Tests;

/// <summary>Proves that code allocates nothing once it is warm.</summary>
internal static class Allocations
{
    private const int Exchanges = 500;

    // Bytes: less than one object in ten exchanges, so that no exchange allocates.
    private const long Few = Exchanges / 10 * 24;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(60);

    /// <summary>Runs the exchange until five hundred runs allocate nothing in the whole process; fails when that has not come about by the time everything is compiled.</summary>
    /// <remarks>For what happens on another thread, a reactor's. The test host itself allocates a little now and then.</remarks>
    public static void ShouldBeNoneOfAnyThread(Action exchange)
    {
        var least = long.MaxValue;
        var start = Stopwatch.GetTimestamp();
        while (least >= Few && Stopwatch.GetElapsedTime(start) < WarmUp)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < Exchanges; i++)
                exchange();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        least.ShouldBeLessThan(Few);
    }

    /// <summary>Runs the action until a thousand runs allocate nothing; fails when that has not come about by the time everything is compiled.</summary>
    /// <remarks>Code of the first compilation tier boxes where that of the second does not, and the second is compiled in the background.</remarks>
    /// <returns>What its last run returned.</returns>
    public static T ShouldBeNone<T>(Func<T> action)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            T result = action();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1_000; i++)
            {
                result = action();
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated == 0)
            {
                return result;
            }

            Stopwatch.GetElapsedTime(start).ShouldBeLessThan(WarmUp, $"{allocated} bytes in a thousand runs");
        }
    }
}
