// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>Documents say what is so.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Penstock =
        Environment.GetEnvironmentVariable("PENSTOCK_BINARY")
        ?? typeof(DocumentationTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "PenstockBinary").Value!;

    [Fact]
    public void Links_InDocuments_LeadToFiles()
    {
        var broken =
            from path in Repository.WithEnding(".md")
            from Match match in Link().Matches(Repository.Read(path))
            let target = match.Groups["target"].Value
            where !target.StartsWith("http", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(path)!, target))
            select $"{path}: {target}";

        broken.ShouldBeEmpty();
    }

    [Fact]
    public void YamlBlocks_InDocuments_PassTheCheck()
    {
        var blocks =
            from path in Repository.WithEnding(".md")
            from Match match in YamlBlock().Matches(Repository.Read(path))
            select (path, text: match.Groups["text"].Value);

        foreach (var (path, text) in blocks)
        {
            var file = Path.GetTempFileName();
            File.WriteAllText(file, text);
            var (exitCode, output) = Repository.Run(Penstock, "check", "--any-host", "--config", file);
            File.Delete(file);
            exitCode.ShouldBe(0, $"{path}:\n{text}\n{output}");
        }
    }

    [Fact]
    public void Figures_InTheReadme_StandInTheResults()
    {
        var tables = ResultsTable().Matches(Repository.Read("README.md"));
        tables.Select(table => Path.GetFileName(table.Groups["file"].Value)[..2]).ShouldBe(["l7", "l4", "l4", "l4", "vr", "vr", "bg"], "README.md names the files its figures are from, and shows lines of them");

        foreach (Match table in tables)
        {
            var results = Repository.Read(table.Groups["file"].Value);
            table.Groups["rows"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(row => !results.Contains(row, StringComparison.Ordinal)).ShouldBeEmpty();
        }
    }

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(?:#[^)]*)?\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("^```yaml\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex YamlBlock();

    [GeneratedRegex("<!-- rows of (?<file>perf/results/[^ ]+\\.md) -->\n\n(?<rows>.*?)\n\n", RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ResultsTable();
}
