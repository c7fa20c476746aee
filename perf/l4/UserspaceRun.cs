// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Bpf.Tests;

namespace Penstock.Perf.L4;

/// <summary>Engine userspace beside haproxy and nginx on loopback: userspace.py.</summary>
internal static class UserspaceRun
{
    /// <summary>Measures, prints and keeps the results.</summary>
    /// <returns>The exit code.</returns>
    public static int Run()
    {
        using var script = Process.Start("python3", [Path.Combine(Programs.Root, "perf/l4/userspace.py")]);
        script.WaitForExit();
        return script.ExitCode;
    }
}
