// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A number of bytes with its unit, or of bytes per second when the suffix is <c>/s</c>.</summary>
internal sealed class SizeShape(string min, string max, string suffix, bool wide) : ScalarShape
{
    private readonly long _min = Bytes(min, suffix);
    private readonly long _max = Bytes(max, suffix);

    /// <inheritdoc/>
    public override string Expected => suffix.Length == 0
        ? $"a size with its unit (B, KiB, MiB, GiB, KB, MB, GB), from {min} to {max}"
        : $"a rate with its unit (B/s, KiB/s, MiB/s, KB/s, MB/s), from {min} to {max}";

    /// <inheritdoc/>
    public override string TypeName => $"{(suffix.Length == 0 ? "size" : "rate")}, {min} to {max}";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["type"] = "string", ["pattern"] = $"^[0-9]+([.][0-9]+)?([KMGT]i?)?B{suffix}$" };

    /// <inheritdoc/>
    public override string Format(object value) =>
        Quantity.Format(value is int narrow ? narrow : (long)value, Quantity.Sizes, suffix);

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        if (!Quantity.TryParse(scalar.Text, Quantity.Sizes, suffix, out var bytes))
            return Parsed.Bad(suggestion: Correct(scalar.Text));

        if (bytes < _min || bytes > _max)
            return Parsed.Bad();

        return Parsed.Ok(wide ? bytes : (object)(int)bytes);
    }

    private string? Correct(string text)
    {
        var number = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/ "]);
        var unit = text[number.Length..].Trim().ToLowerInvariant() switch
        {
            "" or "b" or "byte" or "bytes" or "b/s" or "bps" => "B",
            "k" or "kib" or "kib/s" or "k/s" => "KiB",
            "m" or "mib" or "mib/s" or "m/s" => "MiB",
            "g" or "gib" or "gib/s" or "g/s" => "GiB",
            "kb" or "kb/s" => "KB",
            "mb" or "mb/s" => "MB",
            "gb" or "gb/s" => "GB",
            _ => null,
        };
        return unit is not null && Quantity.TryParse(number + unit + suffix, Quantity.Sizes, suffix, out _) ? number + unit + suffix : null;
    }

    private static long Bytes(string text, string suffix) =>
        Quantity.TryParse(text, Quantity.Sizes, suffix, out var bytes) ? bytes : throw new InvalidOperationException($"'{text}' is no size.");
}
