// SPDX-License-Identifier: Apache-2.0
using System.Text.Json.Nodes;
using Penstock.Config.Reading;
using Penstock.Config.Schema;
using Penstock.Config.Yaml;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>Text of a given form.</summary>
internal sealed class TextShape(TextForm form, IReadOnlyList<string> allowed) : ScalarShape
{
    /// <inheritdoc/>
    public override string Expected => allowed.Count > 0 ? Words.OneOf(allowed) : TextForms.Expected(form);

    /// <inheritdoc/>
    public override string TypeName => allowed.Count > 0 ? Words.OneOf(allowed) : TextForms.TypeName(form);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions)
    {
        if (allowed.Count > 0)
            return new JsonObject { ["enum"] = new JsonArray([.. allowed.Select(a => (JsonNode)a)]) };

        var schema = new JsonObject { ["type"] = "string" };
        if (TextForms.Pattern(form) is { } pattern)
            schema["pattern"] = pattern;

        return schema;
    }

    /// <inheritdoc/>
    public override object? Bind(Node node, string path, DiagnosticSink sink)
    {
        if (form != TextForm.Regex || ++sink.Expressions <= ReadLimits.Expressions)
            return base.Bind(node, path, sink);

        sink.Error(node, path, $"more than {ReadLimits.Expressions} regular expressions in all files together", "exact paths and prefixes where they will do: expressions are tried one by one");
        sink.GiveUp();
        return null;
    }

    /// <inheritdoc/>
    public override string? Format(object value) => value is "" ? "empty" : value.ToString();

    /// <inheritdoc/>
    protected override Parsed Parse(ScalarNode scalar)
    {
        var text = scalar.Text;
        if (!scalar.Quoted && text is "true" or "false")
            return Parsed.Bad(Expected + "; quote it if it is meant as text", $"\"{text}\"", $"the boolean {text}");

        if (HasLoneSurrogate(text))
            return Parsed.Bad(found: "text with half a surrogate pair");

        if (allowed.Count > 0)
            return allowed.Contains(text, StringComparer.Ordinal) ? Parsed.Ok(text) : Parsed.Bad(suggestion: Nearest.Find(text, allowed));

        return TextForms.Parse(form, text);
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;

            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return true;

            i++;
        }

        return false;
    }
}
