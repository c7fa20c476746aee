// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>Version of this binary, without the source revision.</summary>
    public static string Current { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]; // the SDK always writes it

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var format = SharedOptions.Output();
        var command = new ExampledCommand("version", "Print the version.", "penstock version -o json") { format };
        command.SetAction(parsed =>
        {
            var report = new VersionReport(Current, RuntimeInformation.FrameworkDescription);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(format) == OutputFormat.Json
                ? JsonSerializer.Serialize(report, AdminJson.Default.VersionReport)
                : $"penstock {report.Version} ({report.Runtime})");
            return ExitCode.Ok;
        });
        return command;
    }
}
