// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Commands;

/// <summary>A command can't do what it was asked to; the message is the one line its caller sees.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="Commands.ExitCode"/>.</summary>
    public int ExitCode => exitCode;
}
