// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock keepalived</c>.</summary>
internal static class KeepalivedCommand
{
    /// <summary>The command.</summary>
    public static ExampledCommand Build()
    {
        var command = new ExampledCommand(
            "keepalived",
            "Become the keepalived that a penstock asks for over standard input, a socket. For penstock-keepalived@.service, which systemd starts for each VRRP group; not for people.",
            "systemctl enable --now penstock-keepalived.socket");
        command.SetAction(int (_) => throw new CommandException(ExitCode.Failed, "keepalived: " + ProgramUnit.Become("penstock-keepalived"))); // there is no return from what works
        return command;
    }
}
