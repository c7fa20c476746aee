// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Tidy.Tests;

/// <summary>The pair of files that docs/from-haproxy-keepalived.md translates: haproxy and keepalived take them. What they become is checked with all other YAML of documents.</summary>
public sealed partial class TranslationTests : IDisposable
{
    private const string Document = "docs/from-haproxy-keepalived.md";

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-translation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>But for its certificates, which are not there.</summary>
    [TranslationFact(TranslationFactAttribute.Haproxy)]
    public void HaproxysFile_IsTakenByHaproxy()
    {
        var text = Written("haproxy.cfg");
        text.ShouldContain(" ssl crt ");
        text.ShouldContain(" ca-file ");

        var (exitCode, output) = Repository.Run(TranslationFactAttribute.Haproxy, "-c", "-f", FileOf(Certificates().Replace(text, "")));

        exitCode.ShouldBe(0, output);
    }

    /// <summary>Its interface need not be there, so the exit code says nothing.</summary>
    [TranslationFact(TranslationFactAttribute.Keepalived)]
    public void KeepalivedsFile_HasNoWordThatKeepalivedDoesNotKnow()
    {
        var (_, output) = Repository.Run(TranslationFactAttribute.Keepalived, "-t", "-f", FileOf(Written("keepalived.conf")));

        output.ShouldNotContain("Unknown keyword");
        output.ShouldNotContain("Unexpected");
        output.ShouldNotContain("missing");
    }

    private static string Written(string name)
    {
        var document = Repository.Read(Document);
        var begun = $"\n{name}:\n\n```text\n";
        var at = document.IndexOf(begun, StringComparison.Ordinal);
        at.ShouldBeGreaterThan(0, name);
        var text = document[(at + begun.Length)..];
        return text[..(text.IndexOf("\n```", StringComparison.Ordinal) + 1)];
    }

    private string FileOf(string text)
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, text);
        return file;
    }

    [GeneratedRegex(" ssl crt [^ ]+ alpn [^ \n]+| ssl verify required ca-file [^ ]+ sni [^ ]+", RegexOptions.NonBacktracking)]
    private static partial Regex Certificates();
}
