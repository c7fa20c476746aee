// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Operations;

/// <summary><c>penstock check</c> on configurations made to break it: a clear answer, in bounded time and memory.</summary>
public sealed class HostileConfigTests
{
    private const int MaxRssBytes = 200_000_000;
    private const int FileBytes = (8 << 20) - 64;

    /// <summary>Text of one file that is repeated up to the size limit, and what the first line of the answer says.</summary>
    public static TheoryData<string, string, string> Repeated => new()
    {
        { "", "[", "a list; expected a mapping" },
        { "", "- a\n", "a list; expected a mapping" },
        { "", "?\n", "key '' a second time" },
        { "", "a: &a [x, x]\n", "anchor '&a'" },
        { "a: &a [x, x]\n", "b: [*a, *a]\n", "anchor '&a'" },
        { "", "!!str a: !!int 1\n", "tag 'tag:yaml.org,2002:str'" },
        { "", "node: \0\n", "NUL" },
        { "a: |\n", "  x\n", "unknown key 'a'" },
        { "a: \"", "\\u00e9", "a YAML syntax error" },
        { "l7: {listeners: [", "{bind: ':1', name: x, y: z},", "unknown key 'y'" },
        { "", "# nothing\n", "more than 16777216 bytes in all files together" },
    };

    [Theory]
    [MemberData(nameof(Repeated))]
    public async Task FilesFullOfOneThing_AreRefusedWithinMemoryAndTime(string start, string repeated, string expected)
    {
        using var workplace = new Workplace();
        var text = start + string.Concat(Enumerable.Repeat(repeated, (FileBytes - start.Length) / Encoding.UTF8.GetByteCount(repeated)));

        var output = await CheckAsync(workplace, text, Enumerable.Repeat(text, 6));

        output.ShouldContain(expected);
    }

    [Fact]
    public async Task FiftyMegabytesInOneFile_AreRefusedByTheirSize()
    {
        using var workplace = new Workplace();

        var output = await CheckAsync(workplace, "a: " + new string('[', 50 << 20), []);

        output.ShouldContain("8388608 are allowed");
    }

    [Fact]
    public async Task KeysThatAllDiffer_AreRefusedWithinMemory()
    {
        using var workplace = new Workplace();
        var text = string.Concat(Enumerable.Range(0, 800_000).Select(i => $"k{i}: 1\n"))[..FileBytes];

        var output = await CheckAsync(workplace, text, [text]);

        output.ShouldContain("unknown key 'k0'");
    }

    [Theory]
    [InlineData(20_000, "nesting deeper than 64 levels")]
    [InlineData(4_000_000, "nesting deeper than 64 levels")]
    public async Task DeepNesting_IsAnErrorAndNoCrash(int levels, string expected)
    {
        using var workplace = new Workplace();

        (await CheckAsync(workplace, "a: " + new string('[', levels), [])).ShouldContain(expected);
    }

    [Fact]
    public async Task BadUtf8_IsAnErrorWithPosition()
    {
        using var workplace = new Workplace();
        var path = Path.Combine(workplace.Path, "penstock.yaml");
        await File.WriteAllBytesAsync(path, [.. "node: a\nl7: "u8, 0xC3, 0x28]);

        var (exitCode, output) = await ChildProcess.RunAsync(Programs.Penstock, "check", "--config", path);

        exitCode.ShouldBe(1);
        output.ShouldContain("penstock.yaml:2:5: error: byte 0xC3, which is not valid UTF-8 here");
    }

    [Fact]
    public async Task TenThousandRoutesAndClusters_AreTakenWithinMemory()
    {
        using var workplace = new Workplace();
        var routes = Enumerable.Range(0, 10_000).Select(i => $"      - {{match: {{host: h{i}.example.com, path_prefix: /a{i}}}, to: [{{cluster: c{i}}}]}}\n");
        var clusters = Enumerable.Range(0, 10_000).Select(i => $"    c{i}: {{endpoints: ['127.0.0.1:{1000 + i}']}}\n");

        var output = await CheckAsync(workplace, Table(routes, clusters), [], exitCode: 0);

        output.ShouldContain("OK: 1 listener, 10000 routes, 10000 clusters");
    }

    [Fact]
    public async Task MegabyteOfExpressions_IsTakenWithinMemory()
    {
        using var workplace = new Workplace();
        var routes = Enumerable.Range(0, 1000).Select(i => $"      - {{match: {{path_regex: '/a{i}/(x|y)*[0-9]{{1,20}}{new string('b', 980)}'}}, to: [{{cluster: c}}]}}\n");

        await CheckAsync(workplace, Table(routes, ["    c: {endpoints: ['127.0.0.1:1']}\n"]), [], exitCode: 0);
    }

    [Fact]
    public async Task DurationsAndNumbersBeyondEveryRange_AreRefusedOneByOne()
    {
        using var workplace = new Workplace();
        string[] durations = ["999999999999999999999999h", "1e300s", "-1s", "0.0000000000000000001ns", "99999999999d", "NaN", "Infinity", new string('9', 100_000) + "s"];
        var clusters = durations.Select((duration, i) => $"    c{i}: {{endpoints: ['127.0.0.1:1'], timeouts: {{connect: {duration}}}}}\n");

        var output = await CheckAsync(workplace, Table(["      - {to: [{cluster: c0}]}\n"], clusters), []);

        for (var i = 0; i < durations.Length; i++)
            output.ShouldContain($"l7.clusters.c{i}.timeouts.connect: ");
    }

    private static string Table(IEnumerable<string> routes, IEnumerable<string> clusters) =>
        $"l7:\n  listeners: [{{name: f, bind: '127.0.0.1:1', routes: t}}]\n  routes:\n    t:\n{string.Concat(routes)}  clusters:\n{string.Concat(clusters)}";

    /// <summary>Checks a file and fragments beside it, with an eye on the process's memory.</summary>
    /// <returns>What it printed.</returns>
    private static async Task<string> CheckAsync(Workplace workplace, string text, IEnumerable<string> fragments, int exitCode = 1)
    {
        var path = workplace.Write("penstock.yaml", text);
        var folder = Directory.CreateDirectory(Path.Combine(workplace.Path, "conf.d")).FullName;
        foreach (var (index, fragment) in fragments.Index())
            await File.WriteAllTextAsync(Path.Combine(folder, $"{index}.yaml"), fragment);
        await using var check = new ChildProcess(Programs.Penstock, "check", "--config", path);
        var ended = check.WaitAsync(TimeSpan.FromSeconds(60));
        long peak = 0;
        while (!ended.IsCompleted)
        {
            peak = Math.Max(peak, check.PeakRssBytes);
            await Task.Delay(5);
        }

        (await ended).ShouldBe(exitCode, check.Output);
        peak.ShouldBeInRange(1, MaxRssBytes);
        return check.Output;
    }
}
