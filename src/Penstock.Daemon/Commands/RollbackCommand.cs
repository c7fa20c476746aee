// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Globalization;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock rollback</c>.</summary>
internal static class RollbackCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var number = HistoryCommand.Number("Which one, as penstock history numbers it [default: the one before what runs].");
        var why = SharedOptions.Why();
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "rollback",
            "Bring back a configuration that has run, in place of what the files say. The files stay as they are; it runs over reloads and restarts until they change, or penstock reload --files.",
            "penstock rollback --why 'half of the requests fail'") { number, why, socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var query = QueryFields.Write(("by", Caller.Name), ("why", parsed.GetValue(why) ?? ""));
            if (parsed.GetValue(number) is { } chosen) query += "&number=" + chosen.ToString(CultureInfo.InvariantCulture);
            var report = await client.PostAsync(AdminPaths.Rollback + query, AdminJson.Default.ReloadReport);
            return await ReloadCommand.WriteAsync(report, "rollback", parsed.GetValue(format), parsed);
        });
        return command;
    }
}
