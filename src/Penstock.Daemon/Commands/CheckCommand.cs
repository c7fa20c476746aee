// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock check</c>.</summary>
internal static class CheckCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var config = SharedOptions.Config();
        var format = SharedOptions.Output();
        var anyHost = new Option<bool>("--any-host") { Description = "Say nothing of interfaces, their networks and the certificates of peers: the configuration is for another host." };
        var command = new ExampledCommand(
            "check",
            "Read a configuration and report every error at once, without touching the running daemon.",
            "penstock check --config /etc/penstock/penstock.yaml") { config, anyHost, format };
        command.SetAction(parsed =>
        {
            var report = Check(parsed.GetValue(config)!, parsed.GetValue(anyHost)); // has a default
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(format) == OutputFormat.Json) output.WriteLine(JsonSerializer.Serialize(report, AdminJson.Default.CheckReport));
            else WriteText(report, output, error);
            return report.Ok ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static CheckReport Check(string path, bool anyHost)
    {
        var loaded = new ConfigSource(path, anyHost).Load();
        var tier = loaded.Config?.L7;
        return new CheckReport(
            loaded.Config is not null,
            tier?.Listeners.Length ?? 0,
            tier?.Routes.Values.Sum(table => table.Length) ?? 0,
            tier?.Clusters.Count ?? 0,
            [.. loaded.Diagnostics.Select(DiagnosticReport.Of)]);
    }

    private static void WriteText(CheckReport report, TextWriter output, TextWriter error)
    {
        foreach (var diagnostic in report.Diagnostics) error.WriteLine(diagnostic);
        if (report.Ok)
        {
            output.WriteLine($"OK: {Count(report.Listeners, "listener")}, {Count(report.Routes, "route")}, {Count(report.Clusters, "cluster")}");
            return;
        }

        var errors = report.Diagnostics.Count(diagnostic => diagnostic.IsError);
        error.WriteLine($"penstock: {Count(errors, "error")}");
    }

    private static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{number} {noun}s";
}
