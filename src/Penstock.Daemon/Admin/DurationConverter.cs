// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Daemon.Admin;

/// <summary>Durations as the configuration writes them, in the largest unit that needs no fraction: <c>30s</c>, <c>1500ms</c>.</summary>
internal sealed class DurationConverter() : TextConverter<TimeSpan>(Text)
{
    private static string Text(TimeSpan value)
    {
        if (value == TimeSpan.Zero) return "0s";
        if (value.Ticks % TimeSpan.TicksPerHour == 0) return value.Ticks / TimeSpan.TicksPerHour + "h";
        if (value.Ticks % TimeSpan.TicksPerMinute == 0) return value.Ticks / TimeSpan.TicksPerMinute + "m";
        if (value.Ticks % TimeSpan.TicksPerSecond == 0) return value.Ticks / TimeSpan.TicksPerSecond + "s";
        return value.TotalMilliseconds.ToString("0.####", CultureInfo.InvariantCulture) + "ms";
    }
}
