// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>A test of the shipped units: skipped where no systemd can be run, or there is no binary to install.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SystemdFactAttribute : FactAttribute
{
    /// <summary>A test that may need a program.</summary>
    /// <param name="program">Its file; null: none.</param>
    public SystemdFactAttribute(string? program = null)
    {
        Program = program;
        Skip = NetnsFactAttribute.Missing
            ?? (File.Exists("/lib/systemd/systemd") ? null : "needs systemd")
            ?? (program is null || File.Exists(program) ? null : $"needs {program}")
            ?? (Groups.Any(folder => File.Exists(Path.Combine(folder, "cgroup.procs"))) ? null : "needs a cgroup2 hierarchy")
            ?? (File.Exists(Binary) ? null : "needs a self-contained binary (make build): PENSTOCK_BINARY names it");
    }

    /// <summary>The program it needs; null: none.</summary>
    public string? Program { get; }

    /// <summary>The one that is installed; what the solution builds is not all of itself.</summary>
    public static string? Binary { get; } = Environment.GetEnvironmentVariable("PENSTOCK_BINARY");

    private static IEnumerable<string> Groups => ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
}
