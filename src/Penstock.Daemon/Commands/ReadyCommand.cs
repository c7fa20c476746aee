// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock ready</c>.</summary>
internal static class ReadyCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var node = SharedOptions.Node();
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "ready",
            "Take this host back in after penstock drain --node: it gets new flows, and takes its virtual addresses as its priority says.",
            "penstock ready --node && penstock status") { node, socket, config, format };
        command.Require(node);
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var report = await client.PostAsync(AdminPaths.Ready, AdminJson.Default.NodeReport);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.NodeReport));
            else await output.WriteLineAsync($"OK: {report.Node} is ready");
            return ExitCode.Ok;
        });
        return command;
    }
}
