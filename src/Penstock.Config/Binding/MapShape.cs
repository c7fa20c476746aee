// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>A mapping from names of the user's choice.</summary>
internal sealed class MapShape<T>(Shape value) : Shape, IContainerShape
{
    private static readonly TextShape s_name = new(TextForm.Name, []);

    /// <inheritdoc/>
    public Shape Item => value;

    /// <inheritdoc/>
    public string PathSuffix => ".NAME";

    /// <inheritdoc/>
    public override string Expected => "a mapping from names";

    /// <inheritdoc/>
    public override string TypeName => $"mapping of names to: {value.TypeName}";

    /// <inheritdoc/>
    public override bool MayBeEmpty => true;

    /// <inheritdoc/>
    public override object? Bind(Node node, string path, DiagnosticSink sink)
    {
        if (node is RefusedNode)
            return null;

        if (node is not MappingNode mapping)
        {
            sink.Error(node, path, node.Describe(), Expected);
            return null;
        }

        var items = ImmutableSortedDictionary.CreateBuilder<string, T>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            if (sink.IsFull)
                break;

            s_name.Bind(entry.Key, path, sink);
            var bound = value is RecordShape record
                ? record.BindNamed(entry.Value, entry.Key.Text, $"{path}.{entry.Key.Text}", sink)
                : value.Bind(entry.Value, $"{path}.{entry.Key.Text}", sink);
            if (bound is T item)
                items[entry.Key.Text] = item;
        }

        return items.ToImmutable();
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "object",
        ["propertyNames"] = new JsonObject { ["pattern"] = TextForms.Pattern(TextForm.Name) },
        ["additionalProperties"] = value.ToSchema(definitions),
    };

    /// <inheritdoc/>
    public override string? Format(object value) => "none";
}
