// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock top</c>.</summary>
internal static class TopCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var interval = new Option<TimeSpan?>("--interval", "-i") { Description = "How long each screen measures [default: 2s].", HelpName = "DURATION" }.UpTo(TimeSpan.FromHours(1));
        var count = new Option<int>("--count", "-n") { Description = "End after so many screens [default: never].", HelpName = "NUMBER" }.Between(1);
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "top",
            "Show what the running daemon does a second, again and again: services, backends, listeners and endpoints; who has taken what out, roles, peers, and what is wrong. Ctrl-C ends it.",
            "penstock top --interval 1s") { interval, count, socket, config, format };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var (output, isJson) = (parsed.InvocationConfiguration.Output, parsed.GetValue(format) == OutputFormat.Json);
            var (period, left) = (parsed.GetValue(interval) ?? TimeSpan.FromSeconds(2), parsed.GetResult(count) is { Implicit: false } ? parsed.GetValue(count) : int.MaxValue);
            var (before, at) = (await client.GetAsync(AdminPaths.Status, AdminJson.Default.StatusReport), Stopwatch.GetTimestamp());
            for (; left > 0; left--)
            {
                await Task.Delay(period, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (cancellation.IsCancellationRequested) break;
                var (after, now) = (await client.GetAsync(AdminPaths.Status, AdminJson.Default.StatusReport), Stopwatch.GetTimestamp());
                var rates = StatusRates.Between(before, after, Stopwatch.GetElapsedTime(at, now).TotalSeconds);
                await output.WriteAsync(isJson ? JsonSerializer.Serialize(rates, AdminJson.Default.StatusRates) + "\n" : Screen(rates));
                await output.FlushAsync(cancellation);
                (before, at) = (after, now);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Screen(StatusRates rates)
    {
        using var text = new StringWriter();
        TopText.Write(rates, text);
        return Console.IsOutputRedirected ? text.ToString() + "\n" : TopText.OnScreen(text.ToString(), Console.WindowWidth, Console.WindowHeight);
    }
}
