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
        var targets = new TargetOptions(hasNode: false);
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "maintenance",
            "Take a service, backend, cluster or endpoint out at once, whatever the configuration says: it gets no flows or requests, and flows of a backend move to others. It stays so over reloads and restarts until penstock ready.",
            "penstock maintenance --backend web/10.0.0.11 --why 'new disk'") { socket, config, format };
        targets.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var named = targets.Named(parsed)!.Value; // the command has to have one
            return await OverrideAction.RunAsync(client, named, BackendState.Maintenance, targets.Why(parsed), parsed.GetValue(format) == OutputFormat.Json, parsed);
        });
        return command;
    }
}
