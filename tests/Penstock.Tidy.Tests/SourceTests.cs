// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>What the style asks of source files and the analyzers do not see.</summary>
public sealed partial class SourceTests
{
    private const int MostLines = 600;
    private const int ManyLines = 400;

    /// <summary>Files of more than 400 lines, with their length: it may only go down, and the line with it.</summary>
    private static readonly Dictionary<string, int> LongFiles = new(StringComparer.Ordinal)
    {
    };

    // Put together here, so that this file does not find itself. An attribute that skips for what a host or build lacks may.
    private const string SkippedTest = "Skip" + " = \"";
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "NotImplemented" + "Exception", "(Skip" + " ="];

    [Fact]
    public void Files_OfCode_StayShort()
    {
        var tooLong = Repository.Code
            .Select(path => (path, lines: Repository.Read(path).Count(letter => letter == '\n')))
            .Where(file => file.lines > Math.Min(MostLines, LongFiles.GetValueOrDefault(file.path, ManyLines)));

        tooLong.ShouldBeEmpty();
    }

    [Fact]
    public void ListOfLongFiles_WhenAFileGetsShorter_FollowsIt()
    {
        LongFiles.Where(file => !Repository.Files.Contains(file.Key) || Repository.Read(file.Key).Count(letter => letter == '\n') < file.Value)
            .ShouldBeEmpty();
    }

    [Fact]
    public void Files_OfCode_NameTheirLicence()
    {
        Repository.Code.Where(path => !Repository.Read(path)[..Math.Min(200, Repository.Read(path).Length)].Contains("SPDX-License-Identifier: ", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Files_OfCode_LeaveNothingUnfinished()
    {
        var found =
            from path in Repository.Code
            let text = Repository.Read(path)
            from word in Unfinished
            where text.Contains(word, StringComparison.Ordinal)
            where word != SkippedTest || !path.EndsWith("FactAttribute.cs", StringComparison.Ordinal)
            select $"{path}: {word}";

        found.ShouldBeEmpty();
    }

    [Fact]
    public void Types_OfTheSources_HaveNamesThatSaySomething()
    {
        var found =
            from path in Repository.WithEnding(".cs")
            from Match match in EmptyTypeName().Matches(Repository.Read(path))
            select $"{path}: {match.Value}";

        found.ShouldBeEmpty();
    }

    /// <summary>xunit 2 calls <c>DisposeAsync</c> of <c>IAsyncLifetime</c> alone: what others have open would be so until all tests have ended.</summary>
    [Fact]
    public void Classes_OfTests_AreClosedByXunit() =>
        Repository.Code.Where(path => path.StartsWith("tests/", StringComparison.Ordinal) && ClassOfTestsThatIsNotClosed().IsMatch(Repository.Read(path))).ShouldBeEmpty();

    [Fact]
    public void Folders_OfSourceProjects_AreTheFirstPartOfTheirNamespaces()
    {
        var wrong =
            from path in Repository.WithEnding(".cs").Where(path => path.StartsWith("src/", StringComparison.Ordinal))
            let match = NamespaceLine().Match(Repository.Read(path))
            where match.Success
            let expected = Path.GetDirectoryName(path)!["src/".Length..].Replace('/', '.')
            where match.Groups["name"].Value != expected
            select $"{path}: {match.Groups["name"].Value}, expected {expected}";

        wrong.ShouldBeEmpty();
    }

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+\w*(?:Manager|Helper|Utils?|Common)\w*\b", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex EmptyTypeName();

    [GeneratedRegex(@"^public .*class \w+Tests\b.*\bIAsyncDisposable\b", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex ClassOfTestsThatIsNotClosed();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceLine();
}
