// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock reload</c>.</summary>
internal static class ReloadCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "reload",
            "Make the running daemon read its configuration again, and wait for the outcome. A configuration with an error changes nothing.",
            "penstock reload && penstock status") { socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var report = await client.PostAsync(AdminPaths.Reload, AdminJson.Default.ReloadReport);
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.ReloadReport));
            else await WriteTextAsync(report, output, error);
            return report.Ok ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static async Task WriteTextAsync(ReloadReport report, TextWriter output, TextWriter error)
    {
        foreach (var diagnostic in report.Diagnostics) await error.WriteLineAsync(diagnostic.ToString());
        if (report.Ok) await output.WriteLineAsync($"OK: generation {report.Generation} runs, {report.DurationMilliseconds:0.#} ms");
        else await error.WriteLineAsync($"penstock: reload refused, generation {report.Generation} runs on");
    }
}
