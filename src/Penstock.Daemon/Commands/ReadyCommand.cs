// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock ready</c>.</summary>
internal static class ReadyCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var targets = new TargetOptions();
        var asConfigured = new Option<bool>("--as-configured") { Description = "End the override, whatever the configuration says." };
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "ready",
            "Take this host, a service, backend, cluster or endpoint back in: it gets new flows and requests, and this host takes its virtual addresses as its priority says. A backend that the configuration takes out is ready all the same.",
            "penstock ready --node && penstock status") { asConfigured, socket, config, format };
        targets.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var isJson = parsed.GetValue(format) == OutputFormat.Json;
            if (targets.Named(parsed) is { } named) return await OverrideAction.RunAsync(client, named, parsed.GetValue(asConfigured) ? null : BackendState.Ready, targets.Why(parsed), isJson, parsed);
            var report = await client.PostAsync(AdminPaths.Ready + QueryFields.Write(("by", Caller.Name), ("why", targets.Why(parsed))), AdminJson.Default.NodeReport);
            var output = parsed.InvocationConfiguration.Output;
            if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.NodeReport));
            else await output.WriteLineAsync($"OK: {report.Node} is ready");
            return ExitCode.Ok;
        });
        return command;
    }
}
