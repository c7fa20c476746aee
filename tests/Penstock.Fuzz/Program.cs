// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Fuzz;
using Penstock.L7.Http1;

// dotnet run -c Release --project tests/Penstock.Fuzz -- --seconds 3600 --seed 1 [--execution N]
// dotnet run --project tests/Penstock.Fuzz -- --outcomes: what becomes of each file of the corpus, for a new line in outcomes.txt
if (args is ["--outcomes"])
{
    foreach (CorpusEntry entry in Corpus.Load())
    {
        var replay = new Replay(entry.Direction, new HeadLimits(8192, 32768, 100));
        replay.Run(entry.Bytes, [entry.Bytes.Length], segmented: false);
        Console.WriteLine($"{entry.Name} {replay.Outcome}");
    }

    return 0;
}

double seconds = 10;
int seed = 1;
long execution = -1;
for (int i = 0; i + 1 < args.Length; i += 2)
{
    switch (args[i])
    {
        case "--seconds": seconds = double.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
        case "--seed": seed = int.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
        case "--execution": execution = long.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
        default:
            await Console.Error.WriteLineAsync("usage: [--seconds N] [--seed S] [--execution N, to repeat one]");
            return 2;
    }
}

var run = new FuzzRun(seed, Console.Out);
if (execution >= 0)
{
    run.One(execution);
}
else
{
    run.ForSeconds(seconds);
}

return run.Findings == 0 ? 0 : 1;
