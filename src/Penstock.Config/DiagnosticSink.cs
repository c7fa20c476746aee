// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Config.Yaml;

namespace Penstock.Config;

/// <summary>Collects findings; bounded, so that a hostile file cannot fill memory with them.</summary>
internal sealed class DiagnosticSink
{
    /// <summary>Findings kept.</summary>
    public const int Limit = 1000;

    private readonly List<(int File, ConfigDiagnostic Diagnostic)> _found = [];
    private readonly List<string> _files = [];
    private bool _omitted;

    /// <summary>Whether any error was reported.</summary>
    public bool HasErrors { get; private set; }

    /// <summary>Whether the input is refused and no further finding is kept: looking on would cost time and memory for nothing.</summary>
    public bool IsFull => HasErrors && _omitted;

    /// <summary>Whether a file could not be read whole, so that names it defines may be missing.</summary>
    public bool Incomplete { get; set; }

    /// <summary>Whether faults of files that only monitoring needs are warnings, as they are for a daemon that is about to run.</summary>
    public bool ToleratesFiles { get; init; }

    /// <summary>Regular expressions looked at so far: each costs time, and memory in every reactor.</summary>
    public int Expressions { get; set; }

    /// <summary>Ends the search for further findings: the input is beyond a limit.</summary>
    public void GiveUp() => Incomplete = _omitted = true;

    /// <summary>Findings are sorted by file in the order of these calls.</summary>
    public void BeginFile(string name) => _files.Add(name);

    /// <summary>Reports an error at a node.</summary>
    public void Error(Node at, string path, string found, string expected = "", string? suggestion = null) =>
        Error(at.File, at.Line, at.Column, path, found, expected, suggestion);

    /// <summary>Reports an error at a position.</summary>
    public void Error(string file, int line, int column, string path, string found, string expected = "", string? suggestion = null)
    {
        HasErrors = true;
        Add(new ConfigDiagnostic(file, line, column, DiagnosticSeverity.Error, found, expected, suggestion, path));
    }

    /// <summary>Reports a warning at a node.</summary>
    public void Warning(Node at, string path, string found, string expected = "", string? suggestion = null) =>
        Warning(at.File, at.Line, at.Column, path, found, expected, suggestion);

    /// <summary>Reports a warning at a position.</summary>
    public void Warning(string file, int line, int column, string path, string found, string expected = "", string? suggestion = null) =>
        Add(new ConfigDiagnostic(file, line, column, DiagnosticSeverity.Warning, found, expected, suggestion, path));

    /// <summary>All findings in order, the last of them saying so if some were left out.</summary>
    public ImmutableArray<ConfigDiagnostic> ToSorted()
    {
        var sorted = _found
            .OrderBy(f => f.File).ThenBy(f => f.Diagnostic.Line).ThenBy(f => f.Diagnostic.Column)
            .Select(f => f.Diagnostic).ToList();
        if (_omitted)
            sorted.Add(sorted[^1] with { Found = "not looked at any further: there may be more findings", Expected = "", Suggestion = null, Path = "" });

        return [.. sorted];
    }

    private void Add(ConfigDiagnostic diagnostic)
    {
        if (_found.Count < Limit)
            _found.Add((_files.IndexOf(diagnostic.File), diagnostic));
        else
            _omitted = true;
    }
}
