// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Telemetry.Tests.Prometheus;

/// <summary>Debian's promtool (package prometheus).</summary>
internal static class Promtool
{
    private const string Path = "/usr/bin/promtool";

    /// <summary>Whether it can be run.</summary>
    public static bool IsInstalled => File.Exists(Path);

    /// <summary>What <c>promtool check metrics</c> complains about; empty: nothing.</summary>
    public static string CheckMetrics(string text)
    {
        using var process = Process.Start(new ProcessStartInfo(Path, ["check", "metrics"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("promtool did not start");
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(text);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : $"exit {process.ExitCode}: {errors.Result}{output.Result}";
    }
}
