// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Globalization;

namespace Penstock.Fuzz;

/// <summary>Feeds mutated messages to the <see cref="Oracle"/>. Execution n of a seed is the same on every machine.</summary>
internal sealed class FuzzRun(int seed, TextWriter log)
{
    private const int MaxFindings = 20;

    /// <summary>Valid entries weigh more, so that enough streams get past the head.</summary>
    private readonly IReadOnlyList<byte[]> _corpus =
        [.. Corpus.Load().SelectMany(entry => Enumerable.Repeat(entry.Bytes, entry.Outcome.StartsWith("reject", StringComparison.Ordinal) ? 1 : 4))];

    private readonly Oracle _oracle = new(headBytes: 4096);

    /// <summary>Streams fed so far.</summary>
    public long Executions { get; private set; }

    /// <summary>Invariants broken so far; the run ends at 20.</summary>
    public int Findings { get; private set; }

    /// <summary>Runs for a time and reports once a minute.</summary>
    public void ForSeconds(double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        double nextReport = 60;
        double elapsed;
        while ((elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds) < seconds && Findings < MaxFindings)
        {
            ForExecutions(256);
            if (elapsed >= nextReport)
            {
                Report(elapsed);
                nextReport += 60;
            }
        }

        Report(Math.Max(elapsed, 0.001));
    }

    /// <summary>Runs so many streams more.</summary>
    public void ForExecutions(int count)
    {
        for (int i = 0; i < count; i++)
        {
            One(Executions++);
        }
    }

    /// <summary>Runs one execution of this seed again.</summary>
    public void One(long execution)
    {
        var random = new Random(unchecked((int)(((seed * 0x9E3779B1L) + execution) * 0x85EBCA6BL)));
        byte[] bytes = new Mutator(_corpus, random).Next();
        Direction direction = random.Next(2) == 0 ? Direction.Request : Direction.Response;
        if (bytes.AsSpan().StartsWith("HTTP/"u8) != (direction == Direction.Response) && random.Next(16) != 0)
        {
            direction = direction == Direction.Request ? Direction.Response : Direction.Request;
        }

        string? finding;
        try
        {
            finding = _oracle.Check(direction, bytes, random);
        }
        catch (Exception e)
        {
            // An exception of any kind is a finding: the codec has none to throw.
            finding = e.ToString();
        }

        if (finding is not null)
        {
            Findings++;
            log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"FINDING seed {seed} execution {execution} {direction}: {finding}\n  bytes (base64): {Convert.ToBase64String(bytes)}"));
            log.Flush();
        }
    }

    private void Report(double elapsed)
    {
        log.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {elapsed:F0} s, {Executions} executions ({Executions / elapsed:F0}/s), {_oracle.Accepted} heads and {_oracle.Whole} whole messages accepted, {Findings} findings"));
        log.Flush();
    }
}
