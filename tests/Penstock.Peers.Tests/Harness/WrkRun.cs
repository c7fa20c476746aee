// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Peers.Tests.Harness;

/// <summary>What one run of wrk saw.</summary>
/// <param name="Requests">Responses received.</param>
/// <param name="Errors">Statuses above 399, failed connects, reads and writes, timeouts.</param>
/// <param name="P99">99th percentile of the latency.</param>
internal sealed record WrkRun(long Requests, long Errors, TimeSpan P99)
{
    private const string Script = """
        function done(summary, latency)
          local e = summary.errors
          io.write(string.format('\n{"requests":%d,"errors":%d,"p99_us":%d}\n',
            summary.requests, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99)))
        end
        """;

    /// <summary>Loads a port of 127.0.0.1 with GET.</summary>
    public static async Task<WrkRun> Start(int port, int connections, int seconds, string path = "/", bool close = false)
    {
        using var workplace = new Workplace();
        string[] header = close ? ["-H", "Connection: close"] : [];
        var (exitCode, output) = await ChildProcess.RunAsync(
            "wrk", ["-t", "1", "-c", $"{connections}", "-d", $"{seconds}s", "--timeout", "10s", "-s", workplace.Write("report.lua", Script), .. header,
                $"http://127.0.0.1:{port}{path}"]);
        exitCode.ShouldBe(0, output);
        using var result = JsonDocument.Parse(output.Trim().Split('\n')[^1]);
        var root = result.RootElement;
        return new WrkRun(
            root.GetProperty("requests").GetInt64(),
            root.GetProperty("errors").GetInt64(),
            TimeSpan.FromMicroseconds(root.GetProperty("p99_us").GetInt64()));
    }
}
