// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Fuzz;

/// <summary>The messages under tests/corpus/http1, each with the outcome that outcomes.txt gives it.</summary>
internal static class Corpus
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "corpus", "http1");

    /// <summary>Every entry: its name begins with <c>request</c> or <c>response</c>.</summary>
    public static IReadOnlyList<CorpusEntry> Load() =>
    [
        .. File.ReadLines(Path.Combine(Folder, "outcomes.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
            .Select(parts => new CorpusEntry(parts[0], parts[1], File.ReadAllBytes(Path.Combine(Folder, parts[0])))),
    ];

    /// <summary>Names of all files, listed in outcomes.txt or not.</summary>
    public static IReadOnlyList<string> Files() => [.. Directory.EnumerateFiles(Folder, "*.http").Select(file => Path.GetFileName(file)!)];
}
