// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock maintenance</c>.</summary>
internal static class MaintenanceCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var targets = new TargetOptions();
        var node = new NodeAction(NodeReport.Maintenance, "Let connections that are left here go on so long, then end them, requests in flight too [default: 5m]; exit code 4: something is left all the same, an address that no other host takes say.");
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "maintenance",
            "Take a service, backend, cluster or endpoint out at once, whatever the configuration says: it gets no flows or requests, and flows of a backend move to others. This host is taken out as by penstock drain, and ends connections that are left after a time. It stays so over reloads and restarts until penstock ready.",
            "penstock maintenance --backend web/10.0.0.11 --why 'new disk'") { socket, config, format };
        targets.AddTo(command, node.Options);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var (why, isJson) = (targets.Why(parsed), parsed.GetValue(format) == OutputFormat.Json);
            return targets.Named(parsed) is { } named
                ? await OverrideAction.RunAsync(client, named, BackendState.Maintenance, why, isJson, parsed)
                : await node.RunAsync(client, why, isJson, parsed, cancellation);
        });
        return command;
    }
}
