// SPDX-License-Identifier: Apache-2.0
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>Documents say what is so.</summary>
public sealed partial class DocumentationTests
{
    private const int MostLines = 400;

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
    public void Anchors_InLinks_AreHeadings()
    {
        var broken = new List<string>();
        foreach (var path in Repository.WithEnding(".md"))
        {
            var lines = Repository.Read(path).Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                foreach (Match match in AnchoredLink().Matches(lines[i]))
                {
                    var (target, anchor) = (match.Groups["target"].Value, match.Groups["anchor"].Value);
                    if (target.StartsWith("http", StringComparison.Ordinal))
                        continue;
                    var document = target.Length == 0 ? path : Path.Combine(Path.GetDirectoryName(path) ?? "", target);
                    if (!File.Exists(Path.Combine(Repository.Root, document)) || !Anchors(document).Contains(anchor))
                        broken.Add($"{path}:{i + 1}: {target}#{anchor}");
                }
            }
        }

        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Readme_LinksEachDocument()
    {
        var readme = Repository.Read("README.md");

        Repository.WithEnding(".md").Where(path => path.StartsWith("docs/", StringComparison.Ordinal) && !readme.Contains($"]({path})", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>But the reference of all keys, which is generated.</summary>
    [Fact]
    public void Documents_StayShort() =>
        Repository.WithEnding(".md").Where(path => path.StartsWith("docs/", StringComparison.Ordinal) && path != "docs/configuration.md" && Repository.Read(path).Count(letter => letter == '\n') > MostLines).ShouldBeEmpty();

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
        tables.Select(table => Path.GetFileName(table.Groups["file"].Value)[..2]).ShouldBe(["l7", "l7", "l4", "l4", "l4", "vr", "vr", "bg"], "README.md names the files its figures are from, and shows lines of them");

        foreach (Match table in tables)
        {
            var results = Repository.Read(table.Groups["file"].Value);
            table.Groups["rows"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(row => !results.Contains(row, StringComparison.Ordinal)).ShouldBeEmpty();
        }
    }

    // Of the headings of a document, as GitHub makes them; what is in a block of code is none.
    private static HashSet<string> Anchors(string document)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        var isCode = false;
        foreach (var line in Repository.Read(document).Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = !isCode;
            if (isCode || !Heading().IsMatch(line))
                continue;
            var anchor = Anchor(line.TrimStart('#').Trim());
            for (var number = 1; !anchors.Add(anchor); number++)
                anchor = $"{Anchor(line.TrimStart('#').Trim())}-{number}";
        }

        return anchors;
    }

    private static string Anchor(string heading)
    {
        var anchor = new StringBuilder(heading.Length);
        foreach (var letter in heading.ToLowerInvariant().Where(one => char.IsLetterOrDigit(one) || one is ' ' or '-' or '_'))
            anchor.Append(letter == ' ' ? '-' : letter);

        return anchor.ToString();
    }

    [GeneratedRegex("^#{1,6} ", RegexOptions.NonBacktracking)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]*)#(?<anchor>[^)\s]+)\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex AnchoredLink();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(?:#[^)]*)?\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("^```yaml\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex YamlBlock();

    [GeneratedRegex("<!-- rows of (?<file>perf/results/[^ ]+\\.md) -->\n\n(?<rows>.*?)\n\n", RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ResultsTable();
}
