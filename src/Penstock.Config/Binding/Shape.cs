// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;

namespace Penstock.Config.Binding;

/// <summary>How a value of one type is written in YAML: reads it, describes it, prints it.</summary>
internal abstract class Shape
{
    /// <summary>What to write, for a message: "a duration such as 10s".</summary>
    public abstract string Expected { get; }

    /// <summary>Short name of the type for the reference: "duration".</summary>
    public abstract string TypeName { get; }

    /// <summary>Whether a key without a value means the default.</summary>
    public virtual bool MayBeEmpty => false;

    /// <summary>Reads a node; what is wrong is reported.</summary>
    /// <returns>The value, in part if need be; null when there is none.</returns>
    public abstract object? Bind(Node node, string path, DiagnosticSink sink);

    /// <summary>The JSON Schema of the node.</summary>
    public abstract JsonObject ToSchema(SchemaDefinitions definitions);

    /// <summary>A default as it would be written; null: there is nothing to write.</summary>
    public abstract string? Format(object value);
}
