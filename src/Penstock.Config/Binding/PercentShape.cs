// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A whole number of hundredths with its sign: <c>50%</c>.</summary>
internal sealed class PercentShape(int min, int max) : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => $"a percentage with its sign, from {min}% to {max}%";

    /// <inheritdoc/>
    public override string TypeName => $"percentage, {min}% to {max}%";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new() { ["type"] = "string", ["pattern"] = "^[0-9]{1,3}%$" };

    /// <inheritdoc/>
    public override string Format(object value) => $"{value}%";

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        var digits = text.EndsWith('%') ? text[..^1] : text;
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < min || value > max)
            return Parsed.Bad();
        var written = Format(value);
        return text == written ? Parsed.Ok(value) : Parsed.Bad(suggestion: written);
    }
}
