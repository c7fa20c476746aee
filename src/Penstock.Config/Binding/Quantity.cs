// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Config.Binding;

/// <summary>A number with a unit: how units are written and read.</summary>
internal static class Quantity
{
    /// <summary>Units of time, in ticks of 100 ns, the one to print first.</summary>
    public static readonly (string Unit, long Factor)[] Durations =
    [
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("us", TimeSpan.TicksPerMicrosecond),
    ];

    /// <summary>Units of size, in bytes, the one to print first.</summary>
    public static readonly (string Unit, long Factor)[] Sizes =
    [
        ("TiB", 1L << 40),
        ("GiB", 1L << 30),
        ("MiB", 1L << 20),
        ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("KB", 1_000),
        ("B", 1),
    ];

    /// <summary>Reads digits, with a decimal point at most, followed at once by a unit.</summary>
    /// <returns>False when it is written otherwise, is not a whole number of the least unit, or is too large.</returns>
    public static bool TryParse(string text, (string Unit, long Factor)[] units, string suffix, out long value)
    {
        value = 0;
        var end = text.AsSpan().IndexOfAnyExcept("0123456789.");
        if (end <= 0 || !decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || text[0] == '.' || text[end - 1] == '.' || end > 20)
        {
            return false;
        }

        foreach (var (unit, factor) in units)
        {
            if (!text.AsSpan(end).SequenceEqual(unit + suffix))
                continue;

            if (number > long.MaxValue / factor)
                return false;

            value = (long)(number * factor);
            return value == number * factor;
        }

        return false;
    }

    /// <summary>The shortest whole form.</summary>
    public static string Format(long value, (string Unit, long Factor)[] units, string suffix)
    {
        if (value != 0)
        {
            foreach (var (unit, factor) in units)
            {
                if (value % factor == 0)
                    return $"{value / factor}{unit}{suffix}";
            }
        }

        return "0" + (units == Durations ? "s" : "B") + suffix;
    }
}
