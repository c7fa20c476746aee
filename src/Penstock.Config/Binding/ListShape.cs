// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A list. One item may stand alone, without the list round it.</summary>
internal sealed class ListShape<T>(Shape item) : Shape, IContainerShape
{
    /// <inheritdoc/>
    public Shape Item => item;

    /// <inheritdoc/>
    public string PathSuffix => "[]";

    /// <inheritdoc/>
    public override string Expected => $"a list; each item {item.Expected}";

    /// <inheritdoc/>
    public override string TypeName => $"list of: {item.TypeName}";

    /// <inheritdoc/>
    public override bool MayBeEmpty => true;

    /// <inheritdoc/>
    public override object? Bind(Node node, string path, DiagnosticSink sink)
    {
        if (node is RefusedNode)
            return null;

        var nodes = node is SequenceNode sequence ? sequence.Items : [node];
        var items = new T[nodes.Count];
        for (var i = 0; i < items.Length && !sink.IsFull; i++)
        {
            // An item that failed stays at its default, so that the others keep their places; the whole is not used then.
            if (item.Bind(nodes[i], $"{path}[{i}]", sink) is T value)
                items[i] = value;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(items);
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = "array", ["items"] = item.ToSchema(definitions) },
            item.ToSchema(definitions)),
    };

    /// <inheritdoc/>
    public override string? Format(object value) => value is ImmutableArray<T> { IsEmpty: true } ? "none" : null;
}
