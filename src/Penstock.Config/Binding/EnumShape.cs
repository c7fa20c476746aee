// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>One of an enumeration's members in snake_case.</summary>
internal sealed class EnumShape(Type type) : ScalarShape
{
    private readonly string[] _names = [.. Enum.GetNames(type).Select(name => Word(type, name))];

    /// <inheritdoc/>
    public override string Expected => Words.OneOf(_names);

    /// <inheritdoc/>
    public override string TypeName => Words.OneOf(_names);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        new() { ["enum"] = new JsonArray([.. _names.Select(n => (JsonNode)n)]) };

    /// <inheritdoc/>
    public override string Format(object value) => Word(type, value.ToString() ?? "");

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var index = Array.IndexOf(_names, scalar.Text);
        return index >= 0 ? Parsed.Ok(Enum.GetValues(type).GetValue(index)!) : Parsed.Bad(suggestion: Nearest.Find(scalar.Text, _names)); // Members are never null.
    }

    private static string Word(Type type, string name) =>
        type.GetField(name)?.GetCustomAttribute<KeyAttribute>()?.Name ?? Words.SnakeCase(name);
}
