// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Daemon.Commands;
using Penstock.Tidy.Tests;

namespace Penstock.Daemon.Tests;

/// <summary>What documents tell a reader to type: it is read by the shell, the program, make and systemd's units of this repository, and not run.</summary>
public sealed partial class DocumentedCommandsTests
{
    private static readonly string[] s_languages = ["sh", "console", "yaml", "text"];

    /// <summary>Units of others that documents speak of.</summary>
    private static readonly string[] s_foreign = ["keepalived", "bird", "haproxy"];

    private static IEnumerable<string> Documents => Repository.WithEnding(".md").Where(path => path is "README.md" || path.StartsWith("docs/", StringComparison.Ordinal));

    private static IEnumerable<(string Place, string Language, string Text)> Blocks =>
        from path in Documents
        let document = Repository.Read(path)
        from Match match in Block().Matches(document)
        select ($"{path}:{LineOf(document, match.Index)}", match.Groups["language"].Value, match.Groups["text"].Value);

    /// <summary>What is typed: the whole of a block of shell, the lines with a prompt of one that shows answers, too.</summary>
    private static IEnumerable<(string Place, string Text)> Typed =>
        from block in Blocks
        where block.Language is "sh" or "console"
        select (block.Place, block.Language is "sh" ? block.Text : string.Concat(block.Text.Split('\n').Where(line => line.StartsWith("$ ", StringComparison.Ordinal)).Select(line => line[2..] + "\n")));

    /// <summary>Commands in running text, which often leave out what follows.</summary>
    private static IEnumerable<(string Place, string[] Words)> Mentioned =>
        from path in Documents
        let document = Block().Replace(Repository.Read(path), block => new string('\n', block.Value.Count(letter => letter == '\n')))
        from Match match in Code().Matches(document)
        from words in ShellWords.Commands(match.Groups["text"].Value)
        select ($"{path}:{LineOf(document, match.Index)}", words);

    [Fact]
    public void Blocks_SayWhatTheyAre_AndShellIsAmongThem()
    {
        Blocks.Where(block => !s_languages.Contains(block.Language, StringComparer.Ordinal)).Select(block => block.Place).ShouldBeEmpty();
        Blocks.Where(block => block.Language == "text" && block.Text.Split('\n').Any(line => Prompt().IsMatch(line))).Select(block => block.Place).ShouldBeEmpty("a command in a block of text is seen by no test");
        Typed.Where(block => block.Text.Length == 0).Select(block => block.Place).ShouldBeEmpty("a block with answers has a prompt before what is typed");
        Typed.Count().ShouldBeGreaterThan(30);
    }

    [Fact]
    public void ShellBlocks_AreShell()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-docs-").FullName;
        try
        {
            foreach (var (place, text) in Typed)
            {
                var file = Path.Combine(folder, "block");
                File.WriteAllText(file, text);
                var (exitCode, output) = Repository.Run("bash", "-n", file);
                (exitCode, output).ShouldBe((0, ""), place);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void PenstocksCommands_AreTaken()
    {
        var seen = 0;
        foreach (var (place, words) in TypedCommands())
        {
            var own = words is ["ssh", _, .. var remote] ? remote : words;
            if (own is not ["penstock", .. var arguments])
                continue;
            seen++;
            var parsed = CommandLine.Build().Parse(arguments);
            (UsageError.IsIn(parsed) ? UsageError.Describe(parsed) : "").ShouldBeEmpty($"{place}: {string.Join(' ', words)}");
        }

        seen.ShouldBeGreaterThan(30);
    }

    [Fact]
    public void PenstocksCommands_InRunningText_HaveTheirNamesAndOptions()
    {
        var unknown = new List<string>();
        foreach (var (place, words) in Mentioned)
        {
            if (words is not ["penstock", .. var rest])
                continue;
            System.CommandLine.Command command = CommandLine.Build();
            List<System.CommandLine.Option> options = [.. command.Options];
            foreach (var word in rest)
            {
                if (command.Subcommands.FirstOrDefault(one => one.Name == word) is { } next)
                    options.AddRange((command = next).Options);
                else if ((word.StartsWith("--", StringComparison.Ordinal) && !options.Exists(option => option.Name == word || option.Aliases.Contains(word)))
                    || (word == rest[0] && char.IsAsciiLetterLower(word[0])))
                    unknown.Add($"{place}: penstock {string.Join(' ', rest)}: {word}");
            }
        }

        unknown.ShouldBeEmpty();
    }

    [Fact]
    public void Make_HasTheTargets()
    {
        var targets = Target().Matches(Repository.Read("Makefile")).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

        var unknown =
            from command in TypedCommands().Concat(Mentioned)
            where command.Words is ["make", ..]
            from word in command.Words.Skip(1)
            where !word.Contains('=', StringComparison.Ordinal) && !targets.Contains(word)
            select $"{command.Place}: make {word}";

        unknown.ShouldBeEmpty();
    }

    [Fact]
    public void Units_AreThere()
    {
        var unknown =
            from command in TypedCommands().Concat(Mentioned)
            where command.Words is ["systemctl", _, _, ..]
            from word in command.Words.Skip(2)
            where !word.StartsWith('-') && !IsUnit(word)
            select $"{command.Place}: {string.Join(' ', command.Words)}: {word}";

        unknown.ShouldBeEmpty();
        var named =
            from path in Documents
            from Match match in UnitName().Matches(Repository.Read(path))
            where !IsUnit(match.Value)
            select $"{path}: {match.Value}";
        named.ShouldBeEmpty();
    }

    [Fact]
    public void FilesOfTheRepository_AreThere()
    {
        var folders = Repository.Files.Where(path => path.Contains('/', StringComparison.Ordinal)).Select(path => path[..path.IndexOf('/', StringComparison.Ordinal)]).ToHashSet(StringComparer.Ordinal);

        var unknown =
            from command in TypedCommands().Concat(Mentioned)
            from word in command.Words
            let slash = word.IndexOf('/', StringComparison.Ordinal)
            let source = word.EndsWith(".bpf.o", StringComparison.Ordinal) ? word[..^1] + "c" : word // what is compiled of it has its place
            where slash > 0 && folders.Contains(word[..slash]) && PlainPath().IsMatch(word) && !Path.Exists(Path.Combine(Repository.Root, source))
            select $"{command.Place}: {word}";

        unknown.ShouldBeEmpty();
    }

    private static IEnumerable<(string Place, string[] Words)> TypedCommands() => Typed.SelectMany(block => ShellWords.Commands(block.Text).Select(words => (block.Place, words)));

    // One of a template is named with what it is of.
    private static bool IsUnit(string name)
    {
        var full = name.EndsWith(".service", StringComparison.Ordinal) || name.EndsWith(".socket", StringComparison.Ordinal) ? name : name + ".service";
        var at = full.IndexOf('@', StringComparison.Ordinal);
        return s_foreign.Contains(full[..full.LastIndexOf('.')], StringComparer.Ordinal)
            || File.Exists(Path.Combine(Repository.Root, "systemd", at < 0 ? full : full[..(at + 1)] + full[full.LastIndexOf('.')..]));
    }

    private static int LineOf(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    [GeneratedRegex("^```(?<language>[^\n]*)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex("`(?<text>[^`\n]+)`", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Code();

    [GeneratedRegex(@"^(\$ |penstock |systemctl |make )", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Prompt();

    [GeneratedRegex("^(?<name>[a-z0-9-]+):", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Target();

    [GeneratedRegex(@"\bpenstock[a-z-]*(@[A-Za-z0-9*]*)?\.(service|socket)\b", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex UnitName();

    [GeneratedRegex("^[A-Za-z0-9._/-]+$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex PlainPath();
}
