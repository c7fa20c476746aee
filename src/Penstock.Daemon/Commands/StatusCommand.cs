// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock status</c>.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var rate = new Option<TimeSpan?>("--rate")
        {
            Description = "Show what the L4 tier does a second, measured for so long [default: 1s].",
            HelpName = "DURATION",
            Arity = ArgumentArity.ZeroOrOne,
        }.UpTo(TimeSpan.FromHours(1));
        var command = new ExampledCommand(
            "status",
            "Show what the running daemon does: listeners, clusters, endpoints and what is wrong.",
            "penstock status -o json | jq '.clusters[].endpoints[] | select(.state != \"ready\")'") { socket, config, format, rate };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var report = await client.GetAsync(AdminPaths.Status, AdminJson.Default.StatusReport);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetResult(rate) is not null)
            {
                var rates = await MeasureAsync(client, report, parsed.GetValue(rate) ?? TimeSpan.FromSeconds(1));
                if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(rates, AdminJson.Default.BalancerRates));
                else RatesText.Write(rates, output);
                return ExitCode.Ok;
            }

            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.StatusReport));
            else StatusText.Write(report, output);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<BalancerRates> MeasureAsync(AdminClient client, StatusReport before, TimeSpan interval)
    {
        if (before.L4.Services.IsEmpty) throw new CommandException(ExitCode.Failed, "no L4 services run, so there are no rates");
        var begun = Stopwatch.GetTimestamp();
        await Task.Delay(interval);
        var after = await client.GetAsync(AdminPaths.Status, AdminJson.Default.StatusReport);
        return BalancerRates.Between(before.L4, after.L4, Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }
}
