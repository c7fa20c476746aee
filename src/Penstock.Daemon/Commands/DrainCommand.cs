// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock drain</c>.</summary>
internal static class DrainCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var targets = new TargetOptions();
        var node = new NodeAction(NodeReport.Drain, "Wait so long for what is left here [default: 5m]; exit code 4: not all of it has gone. The host goes on to drain.");
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "drain",
            "Take this host, a service, backend, cluster or endpoint out softly: new flows and requests go elsewhere, those it has go on. Of this host, other hosts take the virtual addresses too. It stays so over reloads and restarts, whatever the configuration says, until penstock ready.",
            "penstock drain --node --timeout 10m && systemctl poweroff") { socket, config, format };
        targets.AddTo(command, node.Options);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var (why, isJson) = (targets.Why(parsed), parsed.GetValue(format) == OutputFormat.Json);
            return targets.Named(parsed) is { } named
                ? await OverrideAction.RunAsync(client, named, BackendState.Drain, why, isJson, parsed)
                : await node.RunAsync(client, why, isJson, parsed, cancellation);
        });
        return command;
    }
}
