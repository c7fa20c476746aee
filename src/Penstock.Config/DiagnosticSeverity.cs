// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config;

/// <summary>How bad a finding is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The configuration can be used; something in it is probably not meant.</summary>
    Warning,

    /// <summary>The configuration cannot be used.</summary>
    Error,
}
