// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Tls;

/// <summary>Certificates that change while they are served.</summary>
public sealed class TlsReloadTests : IDisposable
{
    private readonly TlsSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Reload_WithNewCertificatesUnderLoad_FailsNoRequest()
    {
        const int reloads = 20;
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));
        using var stop = new CancellationTokenSource();
        var served = 0;
        var clients = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            using var client = _site.Client(penstock.Port, keeps: i % 2 == 0);
            while (!stop.IsCancellationRequested)
            {
                (await client.GetStringAsync("/")).ShouldBe("ok");
                Interlocked.Increment(ref served);
            }
        })).ToArray();

        for (var i = 0; i < reloads; i++)
        {
            _site.Renew();
            var before = Volatile.Read(ref served);
            (await penstock.ReloadByApiAsync(penstock.Config)).StartLine.ShouldContain("200");
            await Eventually.TrueAsync(() => Volatile.Read(ref served) >= before + 20 || Array.Exists(clients, client => client.IsFaulted), penstock.Child.Output);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
    }

    [PeerFact("curl")]
    public async Task Reload_WithABadFile_IsRefusedAtItsPlaceAndChangesNothing()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));
        var good = File.ReadAllText(_site.Key);
        _site.Write(TlsSite.Name + ".key", "nothing\n");

        var (code, output) = await penstock.ReloadAsync(penstock.Config);

        code.ShouldNotBe(0);
        output.ShouldContain($"l7.listeners[0].tls.certificates[0].key: {_site.Key}: no private key");
        (await _site.CurlAsync(penstock.Port)).ShouldBe((0, "ok\n"));
        _site.Write(TlsSite.Name + ".key", good);
        (await penstock.ReloadAsync(penstock.Config)).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Certificate_ThatEndsSoon_IsInStatusLogAndMetrics()
    {
        _site.Renew(days: 5);
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(_site.Config(origin));
        var warning = $"listener front: certificate {_site.Certificate} ends at ";

        var (_, status) = await ChildProcess.RunAsync(Programs.Penstock, "status", "--socket", penstock.AdminAddress.ToString()!);

        status.ShouldContain("warning: " + warning);
        await Eventually.TrueAsync(() => penstock.Child.Output.Contains(warning, StringComparison.Ordinal), penstock.Child.Output);
        (await penstock.MetricsAsync()).ShouldContain($"penstock_listener_certificate_expiry_seconds{{certificate=\"{_site.Certificate}\",listener=\"front\"}} ");
    }
}
