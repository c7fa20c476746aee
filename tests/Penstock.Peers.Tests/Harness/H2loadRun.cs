// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Peers.Tests.Harness;

/// <summary>What one run of h2load saw.</summary>
/// <param name="Summary">Its lines about requests and statuses, in one.</param>
/// <param name="Output">All it said.</param>
internal sealed record H2loadRun(string Summary, string Output)
{
    /// <summary>Loads a listener with GET.</summary>
    /// <param name="penstock">Whose listener.</param>
    /// <param name="arguments">Options of h2load.</param>
    public static Task<H2loadRun> Start(PenstockProcess penstock, params string[] arguments) => StartAsync($"http://127.0.0.1:{penstock.Port}/", arguments);

    /// <summary>As <see cref="Start"/>, over TLS; h2load takes any certificate.</summary>
    public static Task<H2loadRun> StartTls(PenstockProcess penstock, params string[] arguments) => StartAsync($"https://127.0.0.1:{penstock.Port}/", arguments);

    /// <summary>Every request was answered, and with 2xx. Where not, what h2load summed up comes first, then the errors that penstock counted, since a long message may be cut.</summary>
    /// <param name="requests">How many there were.</param>
    /// <param name="penstock">Who carried them.</param>
    public async Task ShouldHaveFailedNothingAsync(int requests, PenstockProcess penstock)
    {
        if (Summary.Contains($" {requests} succeeded, 0 failed, 0 errored, 0 timeout", StringComparison.Ordinal) && Summary.Contains($" {requests} 2xx,", StringComparison.Ordinal))
            return;
        var errors = (await penstock.MetricsAsync()).Split('\n').Where(line => line.StartsWith("penstock_http_errors_total{", StringComparison.Ordinal) && !line.TrimEnd().EndsWith(" 0", StringComparison.Ordinal));
        Assert.Fail($"h2load: {Summary}\n{string.Join('\n', errors)}\n{Output}");
    }

    private static async Task<H2loadRun> StartAsync(string url, string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("h2load", [.. arguments, url]);
        exitCode.ShouldBe(0, output);
        var lines = output.Split('\n').Where(line => line.StartsWith("requests:", StringComparison.Ordinal) || line.StartsWith("status codes:", StringComparison.Ordinal));
        return new H2loadRun(string.Join("; ", lines.Select(line => line.Trim())), output);
    }
}
