// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>A test of what packages hold: skipped where a program is missing, or there is no published binary to put into one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PackageFactAttribute : FactAttribute
{
    /// <summary>A program that works below another root, which takes root.</summary>
    public const string Rpm = "/usr/bin/rpm";

    /// <summary>A test that needs programs.</summary>
    /// <param name="programs">Their files.</param>
    public PackageFactAttribute(params string[] programs)
    {
        Programs = programs;
        var missing = programs.Where(program => !File.Exists(program)).ToArray();
        Skip = programs.Contains(Rpm, StringComparer.Ordinal) && !Environment.IsPrivilegedProcess ? "needs root, for rpm's own root"
            : missing.Length > 0 ? $"needs {string.Join(", ", missing)}"
            : File.Exists(SystemdFactAttribute.Binary) ? null
            : "needs a self-contained binary (make build): PENSTOCK_BINARY names it";
    }

    /// <summary>The programs it needs.</summary>
    public IReadOnlyList<string> Programs { get; }
}
