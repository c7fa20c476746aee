// SPDX-License-Identifier: Apache-2.0
using Penstock.Config;
using Penstock.Model;

namespace Penstock.Daemon.Commands;

/// <summary>Finds the admin socket of the daemon that a command is for.</summary>
internal static class DaemonSocket
{
    /// <summary>The path: as given, else as the configuration file says, else the default.</summary>
    /// <exception cref="CommandException">The configuration file given is invalid.</exception>
    public static string Path(string? socket, string? configPath)
    {
        if (socket is not null) return socket;
        if (configPath is null) return new AdminConfig().Socket;
        return ConfigLoader.Load(configPath).Config?.Admin.Socket
            ?? throw new CommandException(ExitCode.Failed, $"{configPath} is invalid, so it does not tell the admin socket: give --socket, or see penstock check --config {configPath}");
    }
}
