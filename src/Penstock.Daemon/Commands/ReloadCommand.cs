// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock reload</c>.</summary>
internal static class ReloadCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var confirm = new Option<TimeSpan?>("--confirm")
        {
            Description = "Bring back what ran before after so long [default: 5m], unless penstock reload --confirmed comes first.",
            HelpName = "DURATION",
            Arity = ArgumentArity.ZeroOrOne,
        }.UpTo(TimeSpan.FromHours(24));
        var confirmed = new Option<bool>("--confirmed") { Description = "Read nothing: what runs since a reload --confirm stays." };
        var files = new Option<bool>("--files") { Description = "Apply the files although they are as they were when penstock rollback, or a reload that nobody confirmed, put another configuration in their place." };
        var why = SharedOptions.Why();
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "reload",
            "Make the running daemon read its configuration again, and wait for the outcome. A configuration with an error changes nothing.",
            "penstock reload --confirm 5m && penstock status && penstock reload --confirmed") { confirm, confirmed, files, why, socket, config, format };
        command.Validators.Add(result =>
        {
            if (result.GetResult(confirm) is { Implicit: false } && result.GetValue(confirmed)) result.AddError($"{confirm.Name} and {confirmed.Name} can't be given together");
            if (result.GetValue(files) && result.GetValue(confirmed)) result.AddError($"{files.Name} and {confirmed.Name} can't be given together");
        });
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var path = parsed.GetValue(confirmed) ? AdminPaths.Confirm : AdminPaths.Reload;
            var query = QueryFields.Write(("by", Caller.Name), ("why", parsed.GetValue(why) ?? ""));
            if (parsed.GetResult(confirm) is not null)
                query += "&confirm=" + ((long)Math.Ceiling((parsed.GetValue(confirm) ?? TimeSpan.FromMinutes(5)).TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            if (parsed.GetValue(files))
                query += "&files=true";
            var report = await client.PostAsync(path + query, AdminJson.Default.ReloadReport);
            return await WriteAsync(report, "reload", parsed.GetValue(format), parsed);
        });
        return command;
    }

    /// <summary>Says how a reload or a return ended.</summary>
    /// <param name="report">How.</param>
    /// <param name="what">What was asked for, for people.</param>
    /// <param name="format">For whom.</param>
    /// <param name="parsed">The command line.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> WriteAsync(ReloadReport report, string what, OutputFormat format, ParseResult parsed)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        if (format == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.ReloadReport));
        else await WriteTextAsync(report, what, output, error);
        return report.Ok ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task WriteTextAsync(ReloadReport report, string what, TextWriter output, TextWriter error)
    {
        foreach (var diagnostic in report.Diagnostics) await error.WriteLineAsync(diagnostic.ToString());
        if (!report.Ok)
        {
            await error.WriteLineAsync($"penstock: {what} refused, generation {report.Generation} runs on");
            return;
        }

        await output.WriteLineAsync($"OK: generation {report.Generation} runs, {report.DurationMilliseconds:0.#} ms");
        if (report.ConfirmUntil is { } until)
            await output.WriteLineAsync($"configuration {report.History} of the history comes back at {until:yyyy-MM-dd HH:mm:ss}Z unless penstock reload --confirmed");
    }
}
