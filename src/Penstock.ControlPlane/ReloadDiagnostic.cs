// SPDX-License-Identifier: Apache-2.0
namespace Penstock.ControlPlane;

/// <summary>One thing wrong with what was asked for.</summary>
/// <param name="IsError">True: it stops the configuration from being applied; false: a warning.</param>
/// <param name="Message">One line for people, which names file, line and column where a text is to blame.</param>
public sealed record ReloadDiagnostic(bool IsError, string Message)
{
    /// <summary>The file to blame; null: none.</summary>
    public string? File { get; init; }

    /// <summary>Line in it, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Column in it, from 1.</summary>
    public int Column { get; init; }

    /// <summary>Where it stands in the configuration, such as <c>l7.listeners[0].bind</c>; empty for the file as a whole.</summary>
    public string Path { get; init; } = "";
}
