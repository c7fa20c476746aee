// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;

using Penstock.Config.Binding;

namespace Penstock.Daemon.Commands;

/// <summary>Says in one line what is wrong with a command line.</summary>
internal static class UsageError
{
    /// <summary>The first error, and the nearest known word when one is near.</summary>
    public static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = string.Equals(command.Name, parsed.RootCommandResult.Command.Name, StringComparison.Ordinal) ? "penstock" : "penstock " + command.Name;
        var hint = $"(see {path} --help)";
        if (parsed.UnmatchedTokens.Count == 0) return $"{parsed.Errors[0].Message.TrimEnd('.')} {hint}";

        var token = parsed.UnmatchedTokens[0];
        var isOption = token.StartsWith('-');
        var known = isOption
            ? command.Options.SelectMany(option => option.Aliases.Append(option.Name))
            : command.Subcommands.Select(subcommand => subcommand.Name);
        var nearest = Nearest.Find(token, known);
        var kind = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        return nearest is null ? $"unknown {kind} '{token}' {hint}" : $"unknown {kind} '{token}': did you mean '{nearest}'? {hint}";
    }
}
