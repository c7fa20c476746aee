// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A whole number in decimal digits.</summary>
internal sealed class IntegerShape(long min, long max, IReadOnlyList<string> allowed, bool unsigned = false) : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => allowed.Count > 0 ? Words.OneOf(allowed) : $"a whole number from {min} to {max}";

    /// <inheritdoc/>
    public override string TypeName => allowed.Count > 0 ? Words.OneOf(allowed) : $"number, {min} to {max}";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => allowed.Count > 0
        ? new JsonObject { ["enum"] = new JsonArray([.. allowed.Select(a => (JsonNode)long.Parse(a, CultureInfo.InvariantCulture))]) }
        : new JsonObject { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            return Parsed.Bad(suggestion: Plain(text));

        var plain = value.ToString(CultureInfo.InvariantCulture);
        if (scalar.Quoted)
            return Parsed.Bad(Expected + " without quotes", plain);

        if (!string.Equals(plain, text, StringComparison.Ordinal))
            return Parsed.Bad(Expected + " without sign or leading zeros", plain);

        var inRange = allowed.Count > 0 ? allowed.Contains(plain, StringComparer.Ordinal) : value >= min && value <= max;
        if (!inRange)
            return Parsed.Bad();
        return unsigned ? Parsed.Ok((uint)value) : Parsed.Ok((int)value);
    }

    private static string? Plain(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal);
        if (digits.Length < text.Length && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var grouped))
            return grouped.ToString(CultureInfo.InvariantCulture);

        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
            && hex >= 0
            ? hex.ToString(CultureInfo.InvariantCulture)
            : null;
    }
}
