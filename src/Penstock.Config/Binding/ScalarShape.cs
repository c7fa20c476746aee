// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>A value written as one scalar.</summary>
internal abstract class ScalarShape : Shape
{
    /// <inheritdoc/>
    public override object? Bind(Node node, string path, DiagnosticSink sink)
    {
        if (node is RefusedNode)
            return null;

        if (node is not ScalarNode { IsNull: false } scalar)
        {
            sink.Error(node, path, node.Describe(), Expected);
            return null;
        }

        var parsed = Parse(scalar);
        if (parsed.Value is null)
            sink.Error(node, path, parsed.Found ?? node.Describe(), parsed.Expected ?? Expected, parsed.Suggestion);

        return parsed.Value;
    }

    /// <inheritdoc/>
    public override string? Format(object value) => value.ToString();

    /// <summary>Reads a scalar that is not null.</summary>
    protected abstract Parsed Parse(ScalarNode scalar);
}
