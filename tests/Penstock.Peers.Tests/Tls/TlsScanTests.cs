// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Tls;

/// <summary>A scanner of TLS servers.</summary>
public sealed class TlsScanTests : IDisposable
{
    private static readonly string[] s_harmless = ["OK", "INFO", "LOW", "DEBUG"];

    /// <summary>
    /// Findings of its own openssl, and of an authority that revokes nothing; and of a client that leaves as soon as it has shaken hands, which the ticket of TLS 1.3, sent after that, may just miss (one time in six with
    /// nginx). That sessions go on is held by tests of its own.
    /// </summary>
    private static readonly string[] s_ofTheTest = ["engine_problem", "cert_revocation", "sessionresumption_ticket"];

    private readonly TlsSite _site = new();

    public void Dispose() => _site.Dispose();

    [PeerFact("testssl")]
    public async Task Testssl_OfProtocolsCiphersAndKnownAttacks_FindsNothingAboveLow()
    {
        var found = await ScanAsync("", "-p", "-s", "-f", "-P", "-S", "-U");

        found.ShouldContain(("TLS1_2", "offered"));
        found.ShouldContain(("TLS1_3", "offered with final"));
    }

    [PeerFact("testssl")]
    public async Task Testssl_OfTheModernProfileWithAnRsaKey_FindsNothingAboveLow()
    {
        _site.Renew(rsa: true);

        var found = await ScanAsync(", profile: modern", "-p", "-s", "-f", "-P", "-S");

        found.ShouldContain(("TLS1_2", "not offered"));
        found.ShouldContain(("TLS1_3", "offered with final"));
    }

    private async Task<(string Id, string Finding)[]> ScanAsync(string tls, params string[] checks)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin, tls));
        var report = Path.Combine(_site.Folder, "report.json");
        await using var scan = new ChildProcess(
            Programs.Find("testssl")!, ["--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--add-ca", _site.CaFile, .. checks, "--jsonfile", report, $"{TlsSite.Name}:{penstock.Port}"]); // PeerFact has seen to it.

        await scan.WaitAsync(TimeSpan.FromMinutes(10));

        using var findings = JsonDocument.Parse(await File.ReadAllTextAsync(report));
        var all = findings.RootElement.EnumerateArray().Select(one => (Id: Text(one, "id"), Severity: Text(one, "severity"), Finding: Text(one, "finding"))).ToArray();
        all.Where(one => !s_ofTheTest.Contains(one.Id, StringComparer.Ordinal) && !s_harmless.Contains(one.Severity, StringComparer.Ordinal)).ShouldBeEmpty(scan.Output);
        return [.. all.Select(one => (one.Id, one.Finding))];
    }

    private static string Text(JsonElement finding, string key) => finding.GetProperty(key).GetString() ?? "";
}
