// SPDX-License-Identifier: Apache-2.0
using BenchmarkDotNet.Running;
using Penstock.Micro;

// dotnet run -c Release --project perf/micro [-- --filter '*Parse*']
BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args);
