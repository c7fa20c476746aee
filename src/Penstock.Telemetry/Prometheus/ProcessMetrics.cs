// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Telemetry.Prometheus;

/// <summary>Figures of the process and its runtime, under the names that Prometheus' client libraries share.</summary>
internal static class ProcessMetrics
{
    /// <summary>Adds the families.</summary>
    public static void AddTo(SortedDictionary<string, MetricFamily> families)
    {
        using var process = Process.GetCurrentProcess();
        Add(families, "process_cpu_seconds_total", MetricType.Counter, "Total user and system CPU time spent in seconds.", process.TotalProcessorTime.TotalSeconds);
        Add(families, "process_resident_memory_bytes", MetricType.Gauge, "Resident memory size in bytes.", process.WorkingSet64);
        Add(families, "process_virtual_memory_bytes", MetricType.Gauge, "Virtual memory size in bytes.", process.VirtualMemorySize64);
        Add(families, "process_start_time_seconds", MetricType.Gauge, "Start time of the process since unix epoch in seconds.", (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        Add(families, "process_threads", MetricType.Gauge, "Number of threads.", process.Threads.Count);
        Add(families, "process_open_fds", MetricType.Gauge, "Number of open file descriptors.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        Add(families, "dotnet_gc_heap_size_bytes", MetricType.Gauge, "Size of the managed heap after the last collection.", GC.GetGCMemoryInfo().HeapSizeBytes);
        Add(families, "dotnet_gc_allocated_bytes_total", MetricType.Counter, "Bytes allocated on the managed heap.", GC.GetTotalAllocatedBytes());
        Add(families, "dotnet_gc_pause_seconds_total", MetricType.Counter, "Time spent paused for garbage collection.", GC.GetTotalPauseDuration().TotalSeconds);

        var collections = new MetricFamily("dotnet_gc_collections_total", MetricType.Counter, "Garbage collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            collections.Values[$"generation=\"{generation}\""] = GC.CollectionCount(generation);

        families["dotnet_gc_collections_total"] = collections;
    }

    private static void Add(SortedDictionary<string, MetricFamily> families, string name, MetricType type, string help, double value)
    {
        var family = new MetricFamily(name, type, help);
        family.Values[""] = value;
        families[name] = family;
    }
}
