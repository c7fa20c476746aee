// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Config.Binding;
using Penstock.Model;

namespace Penstock.Config.Schema;

/// <summary>The configuration as a JSON Schema that YAML editors understand.</summary>
public static class SchemaExporter
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>The schema (draft 2020-12), indented.</summary>
    public static string Export()
    {
        var definitions = new SchemaDefinitions(RecordDescriptions.Load());
        var root = definitions.Describe(ShapeCatalog.Of(typeof(ApplianceConfig)));
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "Penstock configuration");
        root["$defs"] = definitions.Definitions;
        return root.ToJsonString(s_indented) + "\n";
    }
}
