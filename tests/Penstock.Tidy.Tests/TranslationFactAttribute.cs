// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Tidy.Tests;

/// <summary>A test that needs a program whose file is translated; skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TranslationFactAttribute : FactAttribute
{
    /// <summary>haproxy.</summary>
    public const string Haproxy = "/usr/sbin/haproxy";

    /// <summary>keepalived.</summary>
    public const string Keepalived = "/usr/sbin/keepalived";

    /// <summary>A test that needs one of them.</summary>
    /// <param name="program">Its file.</param>
    public TranslationFactAttribute(string program)
    {
        Program = program;
        Skip = File.Exists(program) ? null : $"needs {Path.GetFileName(program)}";
    }

    /// <summary>The program it needs.</summary>
    public string Program { get; }
}
