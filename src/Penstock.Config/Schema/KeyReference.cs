// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text;
using Penstock.Config.Binding;
using Penstock.Model;
using Penstock.Model.Schema;

namespace Penstock.Config.Schema;

/// <summary>Every key with its type, default, example, first version and meaning, as Markdown tables, one for each section.</summary>
public static class KeyReference
{
    /// <summary>The tables, in the order in which the sections come up.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder();
        Append(ShapeCatalog.Of(typeof(ApplianceConfig)), "", RecordDescriptions.Load(), text);
        return text.ToString();
    }

    private static void Append(RecordShape record, string path, RecordDescriptions descriptions, StringBuilder text)
    {
        text.Append($"### {(path.Length == 0 ? "Top level" : $"`{path}`")}\n\n");
        text.Append($"{descriptions.Of(record.Type)}\n\n| key | type | default | example | since | meaning |\n|---|---|---|---|---|---|\n");
        foreach (var property in record.Properties)
        {
            var since = property.Info.GetCustomAttribute<SinceAttribute>()?.Version ?? SinceAttribute.First;
            text.Append($"| `{property.Key}` | {Cell(property.Shape.TypeName)} | {Cell(Default(property))} | {(Example(property) is { } example ? $"`{Cell(example)}`" : "")} | {since} | {Cell(descriptions.Of(property.Info))}{(property.Info.IsDefined(typeof(PerHostAttribute)) ? " *Each host's own.*" : "")} |\n");
        }

        text.Append('\n');
        foreach (var property in record.Properties)
        {
            var (inner, suffix) = Inner(property.Shape);
            if (inner is not null)
                Append(inner, (path.Length == 0 ? "" : path + ".") + property.Key + suffix, descriptions, text);
        }
    }

    private static (RecordShape? Record, string Suffix) Inner(Shape shape)
    {
        var suffix = "";
        while (shape is IContainerShape container)
        {
            suffix += container.PathSuffix;
            shape = container.Item;
        }

        return (shape as RecordShape, suffix);
    }

    private static string Default(RecordProperty property)
    {
        if (property.Required)
            return "**required**";

        if (property.Info.GetCustomAttribute<FilledInAttribute>() is { } filledIn)
            return filledIn.With;

        return property.Default is null ? "none"
            : property.Shape is ScalarShape ? $"`{property.Shape.Format(property.Default)}`"
            : property.Shape.Format(property.Default) ?? "as below";
    }

    /// <summary>A value as it would be written: the property's own example, or its default (of a boolean, what it is not by itself); null: there is neither.</summary>
    internal static string? Example(RecordProperty property) => property.Info.GetCustomAttribute<ExampleAttribute>()?.Yaml ?? property switch
    {
        { Default: bool isSo } => isSo ? "false" : "true",
        { Default: { } value, Shape: ScalarShape } => property.Shape.Format(value),
        _ => null,
    };

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
