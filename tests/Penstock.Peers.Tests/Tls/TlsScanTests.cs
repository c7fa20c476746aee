// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Tls;

/// <summary>A scanner of TLS servers.</summary>
public sealed class TlsScanTests : IDisposable
{
    private static readonly string[] s_harmless = ["OK", "INFO", "LOW", "DEBUG"];
    private readonly TlsSite _site = new();

    public void Dispose() => _site.Dispose();

    [PeerFact("testssl")]
    public async Task Testssl_OfProtocolsCiphersAndKnownAttacks_FindsNothingAboveLow()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));
        var report = Path.Combine(_site.Folder, "report.json");
        await using var scan = new ChildProcess(
            Programs.Find("testssl")!, "--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "-p", "-s", "-f", "-P", "-U", "--jsonfile", report, $"{TlsSite.Name}:{penstock.Port}"); // PeerFact has seen to it.

        await scan.WaitAsync(TimeSpan.FromMinutes(10));

        using var findings = JsonDocument.Parse(await File.ReadAllTextAsync(report));
        var all = findings.RootElement.EnumerateArray().Select(one => (Id: Text(one, "id"), Severity: Text(one, "severity"), Finding: Text(one, "finding"))).ToArray();
        all.ShouldContain(one => one.Id == "TLS1_3", scan.Output);
        all.Where(one => one.Id != "engine_problem" && !s_harmless.Contains(one.Severity, StringComparer.Ordinal)).ShouldBeEmpty(scan.Output); // Of its own openssl.
    }

    private static string Text(JsonElement finding, string key) => finding.GetProperty(key).GetString() ?? "";
}
