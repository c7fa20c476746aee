// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Tidy.Tests;

/// <summary>A test that needs promtool; skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PromtoolFactAttribute : FactAttribute
{
    /// <summary>The program.</summary>
    public const string Program = "/usr/bin/promtool";

    public PromtoolFactAttribute() => Skip = File.Exists(Program) ? null : "needs promtool (Debian: apt-get install prometheus)";
}
