// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Netns.Tests.Harness;

/// <summary>A test between network namespaces: skipped where they can't be made or a program is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetnsFactAttribute : FactAttribute
{
    private static readonly string[] s_programs = ["ip", "nsenter", "ethtool", "sysctl", "nginx", "curl", "hey", "clang", "iperf3", "tshark", "keepalived"];

    public NetnsFactAttribute() => Skip = Missing;

    /// <summary>Why no test can run; null: all is there.</summary>
    public static string? Missing { get; } = FindMissing();

    private static string? FindMissing()
    {
        if (!Environment.IsPrivilegedProcess)
            return "needs root, for network namespaces and BPF";
        var folders = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':');
        var missing = s_programs.Where(program => !folders.Any(folder => File.Exists(Path.Combine(folder, program)))).ToArray();
        return missing.Length > 0 ? $"needs {string.Join(", ", missing)}" : null;
    }
}
