// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Supervision;

/// <summary>How long to wait before something is started again: not at all at first, then 1 s, and each time twice as long as before, up to 30 s.</summary>
internal sealed class RestartBackoff(TimeProvider time)
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1), s_longest = TimeSpan.FromSeconds(30);

    // What has run for so long was well: the next failure is a first one.
    private static readonly TimeSpan s_well = TimeSpan.FromMinutes(1);

    private TimeSpan _next = TimeSpan.Zero;
    private long _startedAt = time.GetTimestamp();

    /// <summary>It was started.</summary>
    public void Started() => _startedAt = time.GetTimestamp();

    /// <summary>It has ended.</summary>
    /// <returns>Time to wait.</returns>
    public TimeSpan Ended()
    {
        var wait = time.GetElapsedTime(_startedAt) >= s_well ? TimeSpan.Zero : _next;
        _next = wait == TimeSpan.Zero ? s_first : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, s_longest.Ticks));
        return wait;
    }
}
