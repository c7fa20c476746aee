// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.CommandLine.Parsing;
using Penstock.Config.Binding;

namespace Penstock.Daemon.Commands;

/// <summary>Says in one line what is wrong with a command line.</summary>
internal static class UsageError
{
    /// <summary>Whether the command line can't be run. Help is given whatever else is missing.</summary>
    public static bool IsIn(ParseResult parsed) =>
        parsed.Action is HelpWithExample ? parsed.UnmatchedTokens.Count > 0 : parsed.Errors.Count > 0 || Empty(parsed) is not null;

    /// <summary>The first error, and the nearest known word when one is near.</summary>
    public static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = Path(parsed.CommandResult, parsed.RootCommandResult);
        var hint = $"(see {path} --help)";
        if (parsed.Errors.Count == 0 && Empty(parsed) is { } empty) return $"{empty.Option.Name} takes a value that is not empty {hint}";
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

    // No option has a use for an empty value; a script whose variable is unset gives one.
    private static OptionResult? Empty(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => option.Tokens.Any(token => token.Value.Length == 0));

    private static string Path(CommandResult command, CommandResult root) =>
        command == root ? "penstock" : $"{(command.Parent is CommandResult parent ? Path(parent, root) : "penstock")} {command.Command.Name}";
}
