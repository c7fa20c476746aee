// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text.Json.Nodes;
using Penstock.Config.Binding;
using Penstock.Model.Schema;

namespace Penstock.Config.Schema;

/// <summary>Collects the <c>$defs</c> of a schema: one for each record, once.</summary>
internal sealed class SchemaDefinitions(RecordDescriptions descriptions)
{
    /// <summary>The definitions so far, by record name.</summary>
    public JsonObject Definitions { get; } = [];

    /// <summary>A reference to a record's definition, which is made if need be.</summary>
    public JsonObject Reference(RecordShape record)
    {
        var name = record.Type.Name;
        if (!Definitions.ContainsKey(name))
        {
            // In place before its properties are described, in case one of them refers back.
            Definitions[name] = null;
            Definitions[name] = Describe(record);
        }

        var reference = new JsonObject { ["$ref"] = $"#/$defs/{name}" };
        if (record.Shorthand is not { } shorthand)
            return reference;

        var scalar = record.Properties.First(p => string.Equals(p.Key, shorthand, StringComparison.Ordinal));
        return new JsonObject { ["anyOf"] = new JsonArray(reference, scalar.Shape.ToSchema(this)) };
    }

    /// <summary>The schema of a record as a mapping.</summary>
    public JsonObject Describe(RecordShape record)
    {
        var properties = new JsonObject();
        foreach (var property in record.Properties)
            properties[property.Key] = Property(property);

        var schema = new JsonObject
        {
            ["type"] = record.MayBeEmpty ? new JsonArray("object", "null") : "object",
            ["description"] = descriptions.Of(record.Type),
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        var required = record.Properties.Where(p => p.Required).Select(p => (JsonNode)p.Key).ToArray();
        if (required.Length > 0)
            schema["required"] = new JsonArray(required);

        return schema;
    }

    private JsonObject Property(RecordProperty property)
    {
        var schema = property.Shape.ToSchema(this);
        if (property.Shape.MayBeEmpty && property.Shape is not RecordShape)
            schema = new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };

        schema["description"] = descriptions.Of(property.Info);
        if (property.Default is not null && DefaultNode(property) is { } value)
            schema["default"] = value;

        if (property.Info.GetCustomAttribute<ExampleAttribute>() is { } example)
            schema["examples"] = new JsonArray(example.Yaml);

        return schema;
    }

    private static JsonNode? DefaultNode(RecordProperty property) => property.Default switch
    {
        bool flag => flag,
        int number when property.Shape is IntegerShape => number,
        string text => text,
        { } other when property.Shape is ScalarShape => property.Shape.Format(other),
        _ => null,
    };
}
