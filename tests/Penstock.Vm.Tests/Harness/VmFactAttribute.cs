// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Penstock.Vm.Tests.Harness;

/// <summary>A test within the virtual machine: skipped where it can't be made or a program is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VmFactAttribute : FactAttribute
{
    private static readonly string[] s_programs = ["qemu-system-x86_64", "cpio", "depmod", "strip", "python3", "apt-get", "dpkg-deb", "ipvsadm", "curl", "ip"];

    public VmFactAttribute() => Skip = Missing;

    /// <summary>Why no test can run; null: all is there.</summary>
    public static string? Missing { get; } = FindMissing();

    // What the machine boots is downloaded once.
    private static string? Build()
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(Guest.Root, "tests/Vm/build")) { RedirectStandardError = true, UseShellExecute = false })!; // A new process: never null.
        var lines = build.StandardError.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        build.WaitForExit();
        return build.ExitCode == 0 ? null : lines.LastOrDefault("tests/Vm/build failed");
    }

    private static string? FindMissing()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return "needs an x86-64 host, for it shares its programs with the machine";
        if (!Environment.IsPrivilegedProcess)
            return "needs root: the machine reads this host's files by this user's rights";
        var missing = s_programs.Where(program => Programs.Find(program) is null).ToArray();
        return missing.Length > 0 ? $"needs {string.Join(", ", missing)}" : Build();
    }
}
