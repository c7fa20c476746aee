// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Peers.Tests.Harness;

/// <summary>Waits for what another process does.</summary>
internal static class Eventually
{
    /// <summary>Polls until a condition holds; fails with a message when it does not in time.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan timeout, Func<string> message)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > timeout)
            {
                throw new TimeoutException($"after {timeout.TotalSeconds} s: {message()}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Polls until a condition holds.</summary>
    public static Task TrueAsync(Func<bool> condition, string message, int seconds = 20) =>
        TrueAsync(() => Task.FromResult(condition()), TimeSpan.FromSeconds(seconds), () => message);
}
