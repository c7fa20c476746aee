// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock history</c>.</summary>
internal static class HistoryCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var number = Number("Print the text of this one.");
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "history",
            "List the last configurations that have run, with when each was applied first, by whom and why; or print one.",
            "penstock history && penstock rollback 12") { number, socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var (output, isJson) = (parsed.InvocationConfiguration.Output, parsed.GetValue(format) == OutputFormat.Json);
            if (parsed.GetValue(number) is { } chosen)
            {
                var entry = await client.GetAsync(AdminPaths.HistoryEntry + QueryFields.Write(("number", chosen.ToString(CultureInfo.InvariantCulture))), AdminJson.Default.HistoryEntry);
                if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(entry, AdminJson.Default.HistoryEntry));
                else WriteTexts(entry, output);
                return ExitCode.Ok;
            }

            var report = await client.GetAsync(AdminPaths.History, AdminJson.Default.HistoryReport);
            if (isJson) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.HistoryReport));
            else WriteList(report, output);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The argument that numbers a configuration. An argument belongs to one command, so each call makes a new one.</summary>
    /// <param name="description">What it is for.</param>
    public static Argument<long?> Number(string description) => new("number")
    {
        Description = description,
        HelpName = "NUMBER",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0) return null; // where none is needed
            var text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0) return number;
            result.AddError($"NUMBER is that of a configuration in the history, not '{text}'");
            return null;
        },
    };

    private static void WriteList(HistoryReport report, TextWriter output)
    {
        var table = new TextTable("NUMBER", "APPLIED", "HASH", "RUNS", "CAUSE", "BY", "WHY");
        foreach (var entry in report.Entries)
            table.Add(entry.Number, $"{entry.At:yyyy-MM-dd HH:mm:ss}Z", entry.Hash, Runs(report.Now, entry.Number), entry.Cause, entry.By.Length == 0 ? "-" : entry.By, entry.Why);

        table.Write(output);
        if (report.Now.Trouble is { } trouble) output.WriteLine($"warning: what runs is not in the history: {trouble}");
        if (report.Now.Window is { } window) output.WriteLine($"what runs is not confirmed: configuration {window.Number} comes back at {window.Until:yyyy-MM-dd HH:mm:ss}Z unless penstock reload --confirmed");
    }

    private static string Runs(KeptStatus now, long number)
    {
        if (now.Running == number) return now.Held is null ? "yes" : "yes, not the files";
        return now.Window is { } window && window.Number == number ? "comes back" : "";
    }

    private static void WriteTexts(HistoryEntry entry, TextWriter output)
    {
        foreach (var text in entry.Texts)
        {
            output.WriteLine($"# {text.Path}, configuration {entry.Number} ({entry.Hash})");
            output.WriteLine(Encoding.UTF8.GetString(text.Content).TrimEnd('\n'));
        }
    }
}
