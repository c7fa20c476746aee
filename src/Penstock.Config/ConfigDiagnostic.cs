// SPDX-License-Identifier: Apache-2.0
using System.Text;
using System.Text.Json;

namespace Penstock.Config;

/// <summary>One finding in a configuration's text.</summary>
/// <param name="File">File, as it was named to the loader.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="Found">What was found.</param>
/// <param name="Expected">What was expected; empty when <paramref name="Found"/> says it all.</param>
/// <param name="Suggestion">What to write instead; null: nothing comes near.</param>
/// <param name="Path">Where it stands in the configuration, such as <c>l7.listeners[0].bind</c>; empty for the file as a whole.</param>
public sealed record ConfigDiagnostic(
    string File,
    int Line,
    int Column,
    DiagnosticSeverity Severity,
    string Found,
    string Expected,
    string? Suggestion,
    string Path)
{
    /// <summary>One line: <c>file:line:column: error: path: found; expected …; did you mean '…'?</c></summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{File}:{Line}:{Column}: {SeverityName}: ");
        if (Path.Length > 0)
            text.Append(Path).Append(": ");

        text.Append(Found);
        if (Expected.Length > 0)
            text.Append("; expected ").Append(Expected);

        if (Suggestion is not null)
            text.Append("; did you mean '").Append(Suggestion).Append("'?");

        return Printable.OneLine(text.ToString());
    }

    /// <summary>Writes it as a JSON object with the keys file, line, column, severity, path, found, expected and suggestion.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", File);
        json.WriteNumber("line", Line);
        json.WriteNumber("column", Column);
        json.WriteString("severity", SeverityName);
        json.WriteString("path", Path);
        json.WriteString("found", Found);
        json.WriteString("expected", Expected);
        json.WriteString("suggestion", Suggestion);
        json.WriteEndObject();
    }

    private string SeverityName => Severity == DiagnosticSeverity.Error ? "error" : "warning";
}
