// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock detach</c>.</summary>
internal static class DetachCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var config = SharedOptions.ConfigOfDaemon();
        var pins = SharedOptions.Pins();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "detach",
            "Take the L4 tier out of the kernel: programs leave their interfaces and services are no more. For when the daemon is stopped for good.",
            "penstock detach --config /etc/penstock/penstock.yaml") { config, pins, format };
        command.SetAction(async (parsed, _) =>
        {
            var folder = PinsFolder.Path(parsed.GetValue(pins), parsed.GetValue(config));
            try
            {
                var names = XdpEngine.Detach(folder);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(
                    parsed.GetValue(format) == OutputFormat.Json ? JsonSerializer.Serialize(new DetachReport(folder, [.. names]), AdminJson.Default.DetachReport)
                    : names.Count == 0 ? $"nothing is attached from {folder}"
                    : $"detached from {string.Join(", ", names)}");
                return ExitCode.Ok;
            }
            catch (L4ApplyException error)
            {
                throw new CommandException(ExitCode.Failed, $"detach {folder}: {error.Message}");
            }
        });
        return command;
    }
}
