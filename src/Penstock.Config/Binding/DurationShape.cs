// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A time span with its unit: us, ms, s, m, h, d.</summary>
internal sealed class DurationShape(string min, string max) : ScalarShape
{
    private readonly long _min = Ticks(min);
    private readonly long _max = Ticks(max);

    /// <inheritdoc/>
    public override string Expected => $"a duration with its unit (us, ms, s, m, h, d), from {min} to {max}";

    /// <inheritdoc/>
    public override string TypeName => $"duration, {min} to {max}";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = "^[0-9]+([.][0-9]+)?(us|ms|s|m|h|d)$" };

    /// <inheritdoc/>
    public override string Format(object value) => Quantity.Format(((TimeSpan)value).Ticks, Quantity.Durations, "");

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        if (Quantity.TryParse(scalar.Text, Quantity.Durations, "", out var ticks))
            return ticks >= _min && ticks <= _max ? Parsed.Ok(TimeSpan.FromTicks(ticks)) : Parsed.Bad();

        return Parsed.Bad(suggestion: Correct(scalar.Text));
    }

    private static string? Correct(string text)
    {
        var number = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ "]);
        var unit = text[number.Length..].Trim().ToLowerInvariant() switch
        {
            "" or "s" or "sec" or "secs" or "second" or "seconds" => "s",
            "ms" or "msec" or "millis" or "milliseconds" => "ms",
            "us" or "usec" => "us",
            "m" or "min" or "mins" or "minute" or "minutes" => "m",
            "h" or "hr" or "hour" or "hours" => "h",
            "d" or "day" or "days" => "d",
            _ => null,
        };
        return unit is not null && Quantity.TryParse(number + unit, Quantity.Durations, "", out _) ? number + unit : null;
    }

    private static long Ticks(string text) =>
        Quantity.TryParse(text, Quantity.Durations, "", out var ticks) ? ticks : throw new InvalidOperationException($"'{text}' is no duration.");
}
