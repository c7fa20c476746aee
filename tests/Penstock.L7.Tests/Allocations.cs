// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tests;

/// <summary>Proves that code allocates nothing once it is warm.</summary>
internal static class Allocations
{
    /// <summary>Runs the action until it is compiled and its caches are filled, then again under count.</summary>
    /// <returns>What its last run returned.</returns>
    public static T ShouldBeNone<T>(Func<T> action)
    {
        T result = default!; // Set by the loop below.
        for (int i = 0; i < 200; i++)
        {
            result = action();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            result = action();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        return result;
    }
}
