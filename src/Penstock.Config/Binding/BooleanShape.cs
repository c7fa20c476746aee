// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary><c>true</c> or <c>false</c>. The other words of YAML 1.1 are refused, since YAML 1.2 reads them as text.</summary>
internal sealed class BooleanShape : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => "true or false";

    /// <inheritdoc/>
    public override string TypeName => "boolean";

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new() { ["type"] = "boolean" };

    /// <inheritdoc/>
    public override string Format(object value) => value is true ? "true" : "false";

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar) => scalar switch
    {
        { Quoted: false, Text: "true" } => Parsed.Ok(true),
        { Quoted: false, Text: "false" } => Parsed.Ok(false),
        _ => Parsed.Bad(suggestion: scalar.Text.ToLowerInvariant() switch
        {
            "true" or "yes" or "on" or "y" or "1" => "true",
            "false" or "no" or "off" or "n" or "0" => "false",
            _ => null,
        }),
    };
}
