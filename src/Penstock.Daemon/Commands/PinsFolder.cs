// SPDX-License-Identifier: Apache-2.0
using Penstock.Config;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary>Finds the folder that the L4 tier a command is for is pinned in.</summary>
internal static class PinsFolder
{
    /// <summary>The path: as given, else as the configuration file says, else the default.</summary>
    /// <exception cref="CommandException">The configuration file given is invalid.</exception>
    public static string Path(string? pins, string? configPath)
    {
        if (pins is not null) return pins;
        if (configPath is null) return new L4Config().Pins;
        return ConfigLoader.Load(configPath).Config?.L4.Pins
            ?? throw new CommandException(ExitCode.Failed, $"{configPath} is invalid, so it does not tell the pins: give --pins, or see penstock check --config {configPath}");
    }
}
