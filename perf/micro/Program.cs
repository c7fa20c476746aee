// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using BenchmarkDotNet.Running;
using Penstock.Micro;

// dotnet run -c Release --project perf/micro [-- --filter '*Parse*']: fails where a goal is missed.
(Type Of, string Name, double Milliseconds)[] goals =
[
    (typeof(SliceBenchmarks), nameof(SliceBenchmarks.FirstList), 2000),
    (typeof(SliceBenchmarks), nameof(SliceBenchmarks.OneChange), 5),
    (typeof(EndpointBenchmarks), nameof(EndpointBenchmarks.EndpointChange), 5),
];
var summaries = BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args);
var missed = 0;
foreach (var report in summaries.SelectMany(summary => summary.Reports))
{
    var method = report.BenchmarkCase.Descriptor.WorkloadMethod;
    var (_, name, goal) = Array.Find(goals, known => method.DeclaringType == known.Of && string.Equals(known.Name, method.Name, StringComparison.Ordinal));
    if (name is null)
        continue;
    var took = report.ResultStatistics is { } statistics ? statistics.Mean / 1e6 : double.PositiveInfinity; // in nanoseconds; none: it did not run
    missed += took > goal ? 1 : 0;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{took:0.00} ms, goal {goal:0} ms{(took > goal ? ", MISSED" : "")}: {name}"));
}

return missed > 0 ? 1 : 0;
