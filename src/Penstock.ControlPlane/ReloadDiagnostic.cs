// SPDX-License-Identifier: Apache-2.0
namespace Penstock.ControlPlane;

/// <summary>One thing wrong with what was asked for.</summary>
/// <param name="IsError">True: it stops the configuration from being applied; false: a warning.</param>
/// <param name="Message">What was found and what was expected; with file, line and column in front where a text is to blame.</param>
public sealed record ReloadDiagnostic(bool IsError, string Message);
