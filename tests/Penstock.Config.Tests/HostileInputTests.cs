// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Text;

namespace Penstock.Config.Tests;

public sealed class HostileInputTests
{
    public static TheoryData<string, string, string> Texts => new()
    {
        { "deep lists", "a: " + new string('[', 20_000), "nesting deeper than 64 levels" },
        { "deep dashes", string.Concat(Enumerable.Repeat("- ", 20_000)), "nesting deeper than 64 levels" },
        { "deep mappings", string.Join('\n', Enumerable.Range(0, 3000).Select(i => new string(' ', i) + "a:")), "nesting deeper than 64 levels" },
        { "deep keys", string.Concat(Enumerable.Repeat("? ", 20_000)), "nesting deeper than 64 levels" },
        { "many values", "a: [" + string.Concat(Enumerable.Repeat("a,", 300_000)) + "]", "more than 250000 values" },
        { "billion laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchor '&a'" },
        { "unclosed list", "a: [1, 2\nb: 3", "a YAML syntax error" },
        { "directives", string.Concat(Enumerable.Repeat("%YAML 1.2\n", 1000)), "a YAML syntax error" },
        { "nothing but question marks", string.Concat(Enumerable.Repeat("?\n", 100_000)), "there may be more findings" },
        { "many expressions", "l7: {routes: {a: [" + string.Concat(Enumerable.Range(0, 2001).Select(i => $"{{match: {{path_regex: /{i}}}, respond: {{}}}},")) + "]}}", "more than 2000 regular expressions" },
        { "too large", new string('#', (8 << 20) + 1), "8388608 are allowed" },
    };

    public static TheoryData<string, byte[], string> Bytes => new()
    {
        { "bad UTF-8", "node: a\nl7: \u00E9"u8.ToArray()[..^1], "a.yaml:2:5: error: byte 0xC3, which is not valid UTF-8 here; expected UTF-8" },
        { "overlong", [0x61, 0xC0, 0x80], "a.yaml:1:2: error: byte 0xC0" },
        { "surrogate", [0xED, 0xA0, 0x80], "a.yaml:1:1: error: byte 0xED" },
        { "UTF-16", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("node: a")).ToArray(), "a.yaml:1:1: error: text in UTF-16; expected UTF-8" },
        { "UTF-16 without mark", Encoding.BigEndianUnicode.GetBytes("node: a"), "a.yaml:1:1: error: text in UTF-16; expected UTF-8" },
        { "UTF-32", Encoding.UTF32.GetBytes("node: a"), "a.yaml:1:1: error: text in UTF-32; expected UTF-8" },
        { "mark within", [.. "node: a"u8, 0xEF, 0xBB, 0xBF], "byte order mark U+FEFF within the text" },
        { "escape", "node: \u001b[2J"u8.ToArray(), "a.yaml:1:7: error: control character U+001B" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Parse_HostileText_IsAnError(string what, string text, string message)
    {
        var result = Some.Parse(text);
        result.Config.ShouldBeNull(what);
        result.Lines().ShouldContain(l => l.Contains(message, StringComparison.Ordinal), what);
    }

    [Theory]
    [MemberData(nameof(Bytes))]
    public void Parse_BytesThatAreNoText_AreAnErrorWithPosition(string what, byte[] bytes, string message)
    {
        var result = Some.Parse(bytes);
        result.Config.ShouldBeNull(what);
        result.Lines().ShouldHaveSingleItem().ShouldContain(message);
    }

    [Fact]
    public void Parse_ByteOrderMark_IsSkipped() =>
        Some.Parse([0xEF, 0xBB, 0xBF, .. "node: lb1"u8]).Config.ShouldNotBeNull().Node.ShouldBe("lb1");

    [Theory]
    [InlineData("/dev/zero", "a character device")]
    [InlineData("/tmp", "a directory")]
    [InlineData("/nonexistent/penstock.yaml", "cannot open the file: No such file or directory")]
    [InlineData("", "cannot open the file")]
    [InlineData("a\0b", "the path contains NUL")]
    public void Load_NotAFile_IsAnError(string path, string message) =>
        ConfigLoader.Load(path).Lines().ShouldHaveSingleItem().ShouldContain(message);

    [Fact]
    public void Load_FileWhereTheFolderOfFragmentsBelongs_IsAnError()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-config-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "penstock.yaml"), "node: a\n");
            File.WriteAllText(Path.Combine(folder, "conf.d"), "node: b\n");

            var result = ConfigLoader.Load(Path.Combine(folder, "penstock.yaml"));

            result.Config.ShouldBeNull();
            result.Lines().ShouldHaveSingleItem().ShouldContain("conf.d:1:1: error: something that is not a folder");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Load_NamedPipe_DoesNotWait()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-config-").FullName;
        try
        {
            var pipe = Path.Combine(folder, "penstock.yaml");
            using (var mkfifo = Process.Start("mkfifo", pipe))
                mkfifo.WaitForExit();

            ConfigLoader.Load(pipe).Lines().ShouldHaveSingleItem().ShouldContain("a named pipe");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Load_MutatedExample_NeverThrows()
    {
        var seed = File.ReadAllText(Some.RepositoryFile("docs/configuration.md"));
        seed = seed[(seed.IndexOf("```yaml\n", StringComparison.Ordinal) + 8)..];
        var example = Encoding.UTF8.GetBytes(seed[..seed.IndexOf("```", StringComparison.Ordinal)]);
        var rounds = int.Parse(Environment.GetEnvironmentVariable("PENSTOCK_FUZZ_ROUNDS") ?? "1500");
        for (var round = 0; round < rounds; round++)
        {
            var mutant = Mutate(example, new Random(round));
            var result = Should.NotThrow(() => Some.Parse(mutant), $"round {round}: {Convert.ToBase64String(mutant)}");
            (result.Config is null).ShouldBe(result.Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error), $"round {round}");
            result.Lines().ShouldAllBe(l => !l.Contains('\n'));
        }
    }

    private static byte[] Mutate(byte[] text, Random random)
    {
        string[] tokens = ["[", "]", "{", "}", ": ", "- ", "\n", "\t", "&a ", "*a", "!!x ", "|\n", ">-\n", "\"", "'", "#", "? ", "<<: ", "---\n", "...\n", "%", "~", "null", "0", "-1", "99999999999999999999", "\0", "\\u0000", "1e9", "@", "`", ","];
        var bytes = text.ToList();
        for (var n = random.Next(1, 6); n > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at - 1));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(tokens[random.Next(tokens.Length)]));
                    break;
                default:
                    bytes.RemoveRange(at + 1, bytes.Count - at - 1);
                    break;
            }

            if (bytes.Count < 2)
                break;
        }

        return [.. bytes];
    }
}
