// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Netns.Tests.Harness;

/// <summary>As <see cref="NetnsFactAttribute"/>, of several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetnsTheoryAttribute : TheoryAttribute
{
    /// <summary>A theory that may need a part of the kernel which not every one has.</summary>
    /// <param name="module">Name of its module, which is loaded; null: none.</param>
    public NetnsTheoryAttribute(string? module = null)
    {
        Module = module;
        Skip = NetnsFactAttribute.Missing ?? (module is null || IsLoaded(module) ? null : $"needs a kernel with {module}");
    }

    /// <summary>The module it needs; null: none.</summary>
    public string? Module { get; }

    private static bool IsLoaded(string module)
    {
        try
        {
            using var modprobe = Process.Start(new ProcessStartInfo("modprobe", ["--quiet", module]));
            modprobe!.WaitForExit();
            return modprobe.ExitCode == 0; // also for what is built in
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return Directory.Exists($"/sys/module/{module}");
        }
    }
}
