// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Config.Comparison;
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock diff</c>.</summary>
internal static class DiffCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var socket = SharedOptions.Socket();
        var config = SharedOptions.ConfigOfDaemon();
        var format = SharedOptions.Output();
        var command = new ExampledCommand(
            "diff",
            "Show what a reload would change of what runs: each key of the configuration that means something else, and what is wrong with the files. Nothing is changed.",
            "penstock diff && penstock reload") { socket, config, format };
        command.SetAction(async (parsed, _) =>
        {
            using var client = new AdminClient(DaemonSocket.Path(parsed.GetValue(socket), parsed.GetValue(config)));
            var report = await client.GetAsync(AdminPaths.Diff, AdminJson.Default.DiffReport);
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(format) == OutputFormat.Json) await output.WriteLineAsync(JsonSerializer.Serialize(report, AdminJson.Default.DiffReport));
            else await WriteTextAsync(report, output, error);
            return report.Ok ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static async Task WriteTextAsync(DiffReport report, TextWriter output, TextWriter error)
    {
        foreach (var diagnostic in report.Diagnostics) await error.WriteLineAsync(diagnostic.ToString());
        if (!report.Ok)
        {
            await error.WriteLineAsync("penstock: what the files say would be refused");
            return;
        }

        foreach (var change in report.Changes) await output.WriteLineAsync(Line(change));
        await output.WriteLineAsync(report.Changes.Count switch
        {
            0 => "no key changes",
            1 => "1 key changes",
            var count => $"{count} keys change",
        });
    }

    private static string Line(ConfigChange change) => change.Kind switch
    {
        ConfigChangeKind.Added => $"+ {change.Path}{Value(change.After)}",
        ConfigChangeKind.Removed => $"- {change.Path}{Value(change.Before)}",
        _ => $"~ {change.Path}: {InLine(change.Before)} -> {InLine(change.After)}",
    };

    // Sections and items have none.
    private static string Value(string? value) => string.IsNullOrEmpty(value) ? "" : $": {InLine(value)}";

    private static string InLine(string? value) => (value ?? "").Replace("\n", ", ", StringComparison.Ordinal);
}
