// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Perf.L4;

/// <summary>The table that is kept in perf/results.</summary>
internal static class Report
{
    /// <summary>When and where it was measured.</summary>
    public static string Machine()
    {
        var processor = File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(':')[1].Trim();
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, {processor}, {Environment.ProcessorCount} cores, kernel {kernel}");
    }

    /// <summary>Writes it.</summary>
    public static string Markdown(IEnumerable<Row> rows)
    {
        var culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder()
            .Append("# The XDP program, nanoseconds a packet\n\n")
            .Append(culture, $"{Machine()}.\n")
            .Append("`make perf-l4`: a fresh packet each time by BPF_PROG_TEST_RUN, the least of 21 rounds, the harness's own cost included.\n\n")
            .Append("| packet | ns | goal | katran |\n|---|--:|--:|--:|\n");
        foreach (var row in rows)
            text.Append(culture, $"| {row.Name} | {row.Nanoseconds:0} | {row.Goal:0} | {row.Katran:0} |\n");
        return text.ToString();
    }
}
