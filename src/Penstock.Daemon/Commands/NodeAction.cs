// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary>What <c>penstock drain --node</c> and <c>maintenance --node</c> do: they take this host out, and wait for what is left on it.</summary>
/// <param name="state">One of <see cref="NodeReport.Drain"/> and <see cref="NodeReport.Maintenance"/>.</param>
/// <param name="timeout">What --timeout does, for its help.</param>
internal sealed class NodeAction(string state, string timeout)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_default = TimeSpan.FromMinutes(5);

    // What was ended needs a moment to be gone.
    private static readonly TimeSpan s_ending = TimeSpan.FromSeconds(10);

    private readonly bool _ends = state is NodeReport.Maintenance;

    private readonly Option<TimeSpan?> _timeout = new Option<TimeSpan?>("--timeout") { Description = timeout, HelpName = "DURATION" }.UpTo(TimeSpan.FromHours(24));

    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return at once." };

    /// <summary>The options that go with --node alone.</summary>
    public Option[] Options => [_timeout, _noWait];

    /// <summary>Takes this host out, and says what is left, a line for each change, until nothing is or the time is over.</summary>
    /// <param name="client">The daemon.</param>
    /// <param name="why">Why; empty: not said.</param>
    /// <param name="isJson">Whether programs read it.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(AdminClient client, string why, bool isJson, ParseResult parsed, CancellationToken cancellation)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var patience = parsed.GetValue(_timeout) ?? s_default;
        var query = QueryFields.Write(("by", Caller.Name), ("why", why));
        var path = _ends ? AdminPaths.Maintenance + query + "&after=" + Math.Ceiling(patience.TotalSeconds).ToString("0", CultureInfo.InvariantCulture) : AdminPaths.Drain + query;
        var report = await client.PostAsync(path, AdminJson.Default.NodeReport);
        if (!isJson) await output.WriteLineAsync($"{report.Node} {DrainText.Since(report)}");
        var isDone = true;
        if (!parsed.GetValue(_noWait))
            (report, isDone) = await WaitAsync(client, report, patience, isJson ? TextWriter.Null : output, cancellation);
        if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.NodeReport));
        if (!isDone) await error.WriteLineAsync($"penstock: {Unfinished(report)}");
        return isDone ? ExitCode.Ok : ExitCode.Unfinished;
    }

    private string Unfinished(NodeReport report)
    {
        if (report.State != state)
            return $"{report.Node} is in {report.State} by another's word";
        return $"{report.Node} {(_ends ? "stays in maintenance" : "goes on to drain")}, not all has gone: {DrainText.Left(report)}";
    }

    private async Task<(NodeReport Report, bool IsDone)> WaitAsync(AdminClient client, NodeReport report, TimeSpan patience, TextWriter output, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        long? ended = null;
        var last = "";
        while (true)
        {
            var left = DrainText.Left(report);
            if (left != last) await output.WriteLineAsync(left);
            last = left;
            if (report.State == state && report.IsEmpty) return (report, true);
            if (_ends && report.EndsAt is null) ended ??= Stopwatch.GetTimestamp();
            var isOver = _ends ? ended is { } end && Stopwatch.GetElapsedTime(end) >= s_ending : Stopwatch.GetElapsedTime(begun) >= patience;
            if (report.State != state || isOver || cancellation.IsCancellationRequested) return (report, false);
            await Task.Delay(s_poll, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            report = await client.GetAsync(AdminPaths.Node, AdminJson.Default.NodeReport);
        }
    }
}
