// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Model.L4;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock drain</c>.</summary>
internal static class DrainCommand
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var targets = new TargetOptions(hasNode: true);
        var timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "Wait so long for what is left here [default: 5m]; exit code 4: not all of it has gone. The host goes on to drain.",
            HelpName = "DURATION",
        }.UpTo(TimeSpan.FromHours(24));
        var noWait = new Option<bool>("--no-wait") { Description = "Return at once." };
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "drain",
            "Take this host, a service, backend, cluster or endpoint out softly: new flows and requests go elsewhere, those it has go on. Of this host, other hosts take the virtual addresses too. It stays so over reloads and restarts, whatever the configuration says, until penstock ready.",
            "penstock drain --node --timeout 10m && systemctl poweroff") { timeout, noWait, socket, config, format };
        targets.AddTo(command, timeout, noWait);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var (output, error, isJson) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, parsed.GetValue(format) == OutputFormat.Json);
            if (targets.Named(parsed) is { } named) return await OverrideAction.RunAsync(client, named, BackendState.Drain, targets.Why(parsed), isJson, parsed);
            var report = await client.PostAsync(AdminPaths.Drain, AdminJson.Default.NodeReport);
            if (!isJson) await output.WriteLineAsync($"{report.Node} drains since {report.Since:yyyy-MM-dd HH:mm:ss}Z");
            var isDone = true;
            if (!parsed.GetValue(noWait))
                (report, isDone) = await WaitAsync(client, report, parsed.GetValue(timeout) ?? TimeSpan.FromMinutes(5), isJson ? TextWriter.Null : output, cancellation);
            if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.NodeReport));
            if (!isDone) await error.WriteLineAsync($"penstock: {Why(report)}");
            return isDone ? ExitCode.Ok : ExitCode.Unfinished;
        });
        return command;
    }

    private static string Why(NodeReport report) => report.State == NodeReport.Drain
        ? $"{report.Node} goes on to drain, not all has gone: {DrainText.Left(report)}"
        : $"{report.Node} is ready again by another's word";

    // A line for each change.
    private static async Task<(NodeReport Report, bool IsDone)> WaitAsync(AdminClient client, NodeReport report, TimeSpan timeout, TextWriter output, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var last = "";
        while (true)
        {
            var left = DrainText.Left(report);
            if (left != last) await output.WriteLineAsync(left);
            last = left;
            if (report.IsEmpty) return (report, true);
            if (report.State != NodeReport.Drain || Stopwatch.GetElapsedTime(begun) >= timeout || cancellation.IsCancellationRequested) return (report, false);
            await Task.Delay(s_poll, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            report = await client.GetAsync(AdminPaths.Node, AdminJson.Default.NodeReport);
        }
    }
}
