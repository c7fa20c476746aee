// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane;

namespace Penstock.Daemon.Admin;

/// <summary>An error or a warning.</summary>
/// <param name="Severity"><c>error</c> or <c>warning</c>.</param>
/// <param name="Message">One line for people.</param>
/// <param name="File">The file to blame; null: none.</param>
/// <param name="Line">Line in it, from 1; 0 without a file.</param>
/// <param name="Column">Column in it, from 1; 0 without a file.</param>
/// <param name="Path">Where it stands in the configuration, such as <c>l7.listeners[0].bind</c>.</param>
internal sealed record DiagnosticReport(string Severity, string Message, string? File, int Line, int Column, string Path)
{
    /// <summary>Whether it is an error.</summary>
    internal bool IsError => string.Equals(Severity, "error", StringComparison.Ordinal);

    /// <summary>The report of a diagnostic.</summary>
    public static DiagnosticReport Of(ReloadDiagnostic diagnostic) =>
        new(diagnostic.IsError ? "error" : "warning", diagnostic.Message, diagnostic.File, diagnostic.Line, diagnostic.Column, diagnostic.Path);

    /// <summary>One line; the severity stands in front unless the message has it behind its position.</summary>
    public override string ToString() => File is null ? $"{Severity}: {Message}" : Message;
}
