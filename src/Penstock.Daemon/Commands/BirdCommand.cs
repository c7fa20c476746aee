// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock bird</c>.</summary>
internal static class BirdCommand
{
    /// <summary>The command.</summary>
    public static ExampledCommand Build()
    {
        var command = new ExampledCommand(
            "bird",
            "Become the BIRD that a penstock asks for over standard input, a socket. For penstock-bird@.service, which systemd starts where addresses are announced by BGP; not for people.",
            "systemctl enable --now penstock-bird.socket");
        command.SetAction(int (_) => throw new CommandException(ExitCode.Failed, "bird: " + ProgramUnit.Become("penstock-bird"))); // there is no return from what works
        return command;
    }
}
