// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;

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
        var nearest = Nearest(token, known);
        var kind = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        return nearest is null ? $"unknown {kind} '{token}' {hint}" : $"unknown {kind} '{token}': did you mean '{nearest}'? {hint}";
    }

    private static string? Nearest(string word, IEnumerable<string> known)
    {
        var best = known.Select(name => (Name: name, Distance: Distance(word, name))).DefaultIfEmpty().MinBy(candidate => candidate.Distance);
        return best.Name is not null && best.Distance <= Math.Max(1, word.Length / 3) ? best.Name : null;
    }

    // Levenshtein's distance, one row at a time.
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substituted = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
