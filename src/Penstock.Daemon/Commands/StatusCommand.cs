// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock status</c>.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "status",
            "Show what the running daemon does: listeners, clusters, endpoints and what is wrong.",
            "penstock status -o json | jq '.clusters[].endpoints[] | select(.state != \"ready\")'") { socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var report = await client.GetAsync(AdminPaths.Status, AdminJson.Default.StatusReport);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.StatusReport));
            else StatusText.Write(report, output);
            return ExitCode.Ok;
        });
        return command;
    }
}
