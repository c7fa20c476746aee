// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using Penstock.Config;
using Penstock.L4;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock detach</c>.</summary>
internal static class DetachCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var config = SharedOptions.ConfigOfDaemon();
        var pins = new Option<string?>("--pins") { Description = $"Folder the L4 tier is pinned in, in place of l4.pins [default: {new L4Config().Pins}].", HelpName = "PATH" };
        var command = new ExampledCommand(
            "detach",
            "Take the L4 tier out of the kernel: programs leave their interfaces and services are no more. For when the daemon is stopped for good.",
            "penstock detach --config /etc/penstock/penstock.yaml") { config, pins };
        command.SetAction(async (parsed, _) =>
        {
            var folder = parsed.GetValue(pins) ?? Configured(parsed.GetValue(config));
            try
            {
                var names = XdpEngine.Detach(folder);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(names.Count == 0 ? $"nothing is attached from {folder}" : $"detached from {string.Join(", ", names)}");
                return ExitCode.Ok;
            }
            catch (L4ApplyException error)
            {
                throw new CommandException(ExitCode.Failed, $"detach {folder}: {error.Message}");
            }
        });
        return command;
    }

    private static string Configured(string? path)
    {
        if (path is null) return new L4Config().Pins;
        return ConfigLoader.Load(path).Config?.L4.Pins
            ?? throw new CommandException(ExitCode.Failed, $"{path} is invalid, so it does not tell the pins: give --pins, or see penstock check --config {path}");
    }
}
