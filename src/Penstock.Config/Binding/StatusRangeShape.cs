// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.L7;

namespace Penstock.Config.Binding;

/// <summary>HTTP statuses: <c>200-399</c> or <c>204</c>.</summary>
internal sealed class StatusRangeShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "a status or a range of them from 100 to 599, such as 200-399";

    /// <inheritdoc/>
    public override string TypeName => "status or range of statuses";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = "integer", ["minimum"] = 100, ["maximum"] = 599 },
            new JsonObject { ["type"] = "string", ["pattern"] = "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$" }),
    };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var (least, greatest) = RangeText.Split(scalar.Text);
        if (!TryStatus(least, out var min) || !TryStatus(greatest, out var max))
            return Parsed.Bad();

        return min <= max ? Parsed.Ok(new StatusRange(min, max)) : Parsed.Bad(suggestion: $"{max}-{min}");
    }

    private static bool TryStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && text.Length == 3 && status is >= 100 and <= 599;
}
