// SPDX-License-Identifier: Apache-2.0
using Penstock.Fuzz;
using Penstock.L7.Http1;

namespace Penstock.L7.Tests.Http1;

public sealed class CorpusTests
{
    private static readonly HeadLimits s_limits = new(8192, 32768, 100);

    private static readonly Dictionary<string, CorpusEntry> s_corpus = Corpus.Load().ToDictionary(entry => entry.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. s_corpus.Keys];

    [Fact]
    public void Corpus_EveryFile_HasAnOutcome() => Corpus.Files().Order(StringComparer.Ordinal).ShouldBe(s_corpus.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_Whole_HasItsOutcome(string name)
    {
        CorpusEntry entry = s_corpus[name];
        var replay = new Replay(entry.Direction, s_limits);

        replay.Run(entry.Bytes, [entry.Bytes.Length], segmented: false);

        replay.Outcome.ShouldBe(entry.Outcome);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_CutInTwoAnywhere_MeansTheSame(string name)
    {
        CorpusEntry entry = s_corpus[name];
        var replay = new Replay(entry.Direction, s_limits);
        string whole = replay.Run(entry.Bytes, [entry.Bytes.Length], segmented: false);
        int step = 1 + (entry.Bytes.Length / 500);
        for (int cut = 0; cut < entry.Bytes.Length; cut += step)
        {
            replay.Run(entry.Bytes, [cut, entry.Bytes.Length], segmented: false).ShouldBe(whole);
            replay.Run(entry.Bytes, [cut, entry.Bytes.Length], segmented: true).ShouldBe(whole);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_ByteByByte_MeansTheSame(string name)
    {
        CorpusEntry entry = s_corpus[name];
        var replay = new Replay(entry.Direction, s_limits);
        string whole = replay.Run(entry.Bytes, [entry.Bytes.Length], segmented: false);
        int step = 1 + (entry.Bytes.Length / 2000);
        int[] arrivals = [.. Enumerable.Range(0, entry.Bytes.Length).Where(i => i % step == 0), entry.Bytes.Length];

        replay.Run(entry.Bytes, arrivals, segmented: false).ShouldBe(whole);
        if (entry.Bytes.Length < 1000)
        {
            replay.Run(entry.Bytes, arrivals, segmented: true).ShouldBe(whole);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_Truncated_IsUnfinishedOrRejectedAlike(string name)
    {
        CorpusEntry entry = s_corpus[name];
        var whole = new Replay(entry.Direction, s_limits);
        whole.Run(entry.Bytes, [entry.Bytes.Length], segmented: false);
        int enough = whole.IsWhole ? whole.Consumed : entry.Bytes.Length;
        var replay = new Replay(entry.Direction, s_limits);
        for (int length = 0; length < enough; length += 1 + (enough / 2000))
        {
            replay.Run(entry.Bytes[..length], [length], segmented: false);
            replay.IsWhole.ShouldBeFalse();
            if (replay.Rejection != RejectReason.None)
            {
                replay.Rejection.ShouldBe(whole.Rejection);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Fuzz_MutatedCorpus_BreaksNoInvariant(int seed)
    {
        using var log = new StringWriter();
        var run = new FuzzRun(seed, log);

        run.ForExecutions(10_000);

        log.ToString().ShouldBeEmpty();
    }
}
