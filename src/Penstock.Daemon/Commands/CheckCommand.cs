// SPDX-License-Identifier: Apache-2.0
using System.CommandLine;
using System.Text.Json;
using Penstock.ControlPlane;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Running;
using Penstock.Model;
using Penstock.Vrrp;

namespace Penstock.Daemon.Commands;

/// <summary><c>penstock check</c>.</summary>
internal static class CheckCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var config = SharedOptions.Config();
        var format = SharedOptions.Output();
        var anyHost = new Option<bool>("--any-host") { Description = "Say nothing of interfaces, their networks, the certificates of peers, and what keepalived and BIRD think: the configuration is for another host." };
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
        var faults = anyHost || loaded.Config is null ? [] : AddressPrograms.Judge(loaded.Config);
        var config = loaded.Config ?? new ApplianceConfig { Node = "" };
        return new CheckReport(
            loaded.Config is not null && faults.Count == 0,
            config.L7.Listeners.Length,
            config.L7.Routes.Values.Sum(table => table.Length),
            config.L7.Clusters.Count,
            config.L4.Services.Length,
            config.Vrrp.Length,
            config.Bgp?.Addresses.Length ?? 0,
            loaded.Config?.L4.Ipvs.State,
            loaded.Config?.Bird.Run,
            [.. loaded.Diagnostics.Concat(faults.Select(fault => new ReloadDiagnostic(IsError: true, fault))).Select(DiagnosticReport.Of)]);
    }

    private static void WriteText(CheckReport report, TextWriter output, TextWriter error)
    {
        foreach (var diagnostic in report.Diagnostics) error.WriteLine(diagnostic);
        if (report.Ok)
        {
            IEnumerable<string> parts =
            [
                Count(report.Listeners, "listener"), Count(report.Routes, "route"), Count(report.Clusters, "cluster"),
                .. from part in (IEnumerable<(int Number, string Noun)>)[(report.Services, "service"), (report.Instances, "VRRP instance"), (report.Announced, "announced address")]
                where part.Number > 0 select Count(part.Number, part.Noun),
            ];
            output.WriteLine($"OK: {string.Join(", ", parts)}");
            return;
        }

        var errors = report.Diagnostics.Count(diagnostic => diagnostic.IsError);
        error.WriteLine($"penstock: {Count(errors, "error")}");
    }

    private static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{number} {noun}{(noun.EndsWith('s') ? "es" : "s")}";
}
