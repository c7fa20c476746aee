// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.L4;

namespace Penstock.Config.Binding;

/// <summary>Ports: <c>1024-32767</c>, or one alone.</summary>
internal sealed class PortRangeShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "a port or a range of ports from 1 to 65535, such as 1024-32767";

    /// <inheritdoc/>
    public override string TypeName => "port or range of ports";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = ushort.MaxValue },
            new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,5}(-[0-9]{1,5})?$" }),
    };

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var (least, greatest) = RangeText.Split(scalar.Text);
        if (!AddressText.TryPort(least, out var first) || !AddressText.TryPort(greatest, out var last) || first == 0 || last == 0)
            return Parsed.Bad();

        return first <= last ? Parsed.Ok(new PortRange(first, last)) : Parsed.Bad(suggestion: $"{last}-{first}");
    }
}
