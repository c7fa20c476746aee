// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Binding;

/// <summary>Durations as the configuration writes them, for the command line.</summary>
public static class DurationText
{
    /// <summary>Reads a number with its unit: us, ms, s, m, h, d.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        var read = Quantity.TryParse(text, Quantity.Durations, "", out var ticks);
        duration = TimeSpan.FromTicks(ticks);
        return read;
    }
}
