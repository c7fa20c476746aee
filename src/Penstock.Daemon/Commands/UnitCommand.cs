// SPDX-License-Identifier: Apache-2.0
using Penstock.Vrrp;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock keepalived</c> and <c>penstock bird</c>: what the units of programs that speak for penstock run.</summary>
internal static class UnitCommand
{
    /// <summary>The command of a program.</summary>
    /// <param name="name">Its name, and the end of its unit's.</param>
    /// <param name="program">The program, for people.</param>
    /// <param name="when">When systemd starts it, for people.</param>
    public static ExampledCommand Build(string name, string program, string when)
    {
        var unit = "penstock-" + name;
        var command = new ExampledCommand(
            name, $"Become the {program} that a penstock asks for over standard input, a socket. For {unit}@.service, which systemd starts {when}; not for people.", $"systemctl enable --now {unit}.socket");
        command.SetAction(int (_) => throw new CommandException(ExitCode.Failed, $"{name}: {ProgramUnit.Become(unit)}")); // there is no return from what works
        return command;
    }
}
