// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Penstock.Config.Binding;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary>How options with a type of their own are read: what is no such value is an error of usage that says what the option takes.</summary>
internal static class OptionValues
{
    /// <summary>Has an option take a whole number within bounds.</summary>
    public static Option<int> Between(this Option<int> option, int least, int most = int.MaxValue)
    {
        option.CustomParser = result =>
        {
            if (int.TryParse(Text(result), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
            return Refuse<int>(result, $"{option.Name} takes a whole number {(most == int.MaxValue ? $"of {least} or more" : $"from {least} to {most}")}");
        };
        return option;
    }

    /// <summary>Has an option take a duration as the configuration does, or plain seconds, above 0 and within a bound.</summary>
    public static Option<TimeSpan?> UpTo(this Option<TimeSpan?> option, TimeSpan most)
    {
        option.CustomParser = result =>
        {
            if (result.Tokens.Count == 0) return null; // where none is needed
            var text = Text(result);
            var written = char.IsAsciiDigit(text.LastOrDefault()) ? text + "s" : text;
            if (DurationText.TryParse(written, out var duration) && duration > TimeSpan.Zero && duration <= most) return duration;
            return Refuse<TimeSpan?>(result, $"{option.Name} takes a duration such as 500ms, 10s or 5m (a plain number is seconds), above 0 and at most {most.TotalHours:0}h");
        };
        return option;
    }

    /// <summary>Has an option take one of the words of an enumeration, whatever their case.</summary>
    public static Option<T> AsWord<T>(this Option<T> option)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        string[] words = [.. values.Select(value => value.ToString().ToLowerInvariant())];
        option.CustomParser = result =>
        {
            var index = Array.FindIndex(words, word => string.Equals(word, Text(result), StringComparison.OrdinalIgnoreCase));
            if (index >= 0) return values[index];
            var nearest = Nearest.Find(Text(result), words);
            result.AddError($"{option.Name} takes {string.Join(", ", words[..^1])} or {words[^1]}, not '{Text(result)}'{(nearest is null ? "" : $": did you mean '{nearest}'?")}");
            return default;
        };
        return option;
    }

    /// <summary>Has an option take a line, as records keep it.</summary>
    public static Option<string?> AsLine(this Option<string?> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !QueryFields.IsLine(token.Value)))
                result.AddError($"{option.Name} takes a line of at most {QueryFields.LongestLine} characters");
        });
        return option;
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;

    private static T? Refuse<T>(ArgumentResult result, string expected)
    {
        result.AddError($"{expected}, not '{Text(result)}'");
        return default;
    }
}
