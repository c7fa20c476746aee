// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Peers;
using Penstock.Model.Vrrp;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Tests;

public sealed class TopTests : IDisposable
{
    private readonly Sandbox _sandbox = new("""
        node: test
        l7:
          reactors: 1
          listeners: [{name: web, bind: "127.0.0.1:0", routes: main}]
          routes: {main: [{respond: {status: 200, body: hello}}]}
          clusters: {mesh: {endpoints: ["10.0.0.1:80"]}}

        """);

    [Fact]
    public async Task Top_WithACount_PrintsSoManyScreensAndEnds()
    {
        await _sandbox.StartAsync();

        var (code, output, error) = await _sandbox.RunAsync("top", "--interval", "10ms", "--count", "2", "--socket", _sandbox.SocketPath);

        code.ShouldBe(0, error);
        output.Split('\n').Count(line => line.StartsWith("penstock on test: running, generation 1", StringComparison.Ordinal)).ShouldBe(2);
        output.ShouldContain("LISTENER  BIND");
        output.ShouldContain("mesh     10.0.0.1:80  ready");
        output.ShouldNotContain("\u001b");
    }

    [Fact]
    public async Task Top_WhileSomethingIsTakenOut_SaysByWhomAndWhy_AsStatusDoes()
    {
        await _sandbox.StartAsync();
        (await Sandbox.CallAsync("drain", "--endpoint", "mesh/10.0.0.1:80", "--why", "a new disk", "--socket", _sandbox.SocketPath)).ExitCode.ShouldBe(0);
        (await Sandbox.CallAsync("drain", "--node", "--why", "a new kernel", "--no-wait", "--socket", _sandbox.SocketPath)).ExitCode.ShouldBe(0);

        var top = (await _sandbox.RunAsync("top", "--interval", "10ms", "--count", "1", "--socket", _sandbox.SocketPath)).Output.Split('\n');

        var status = (await Sandbox.CallAsync("status", "--socket", _sandbox.SocketPath)).Output.Split('\n');
        foreach (var line in (string[])["OVERRIDE ", "endpoint ", "drains since ", "warning: this host drains since "])
            top.Single(one => one.StartsWith(line, StringComparison.Ordinal)).ShouldBe(status.Single(one => one.StartsWith(line, StringComparison.Ordinal)));
        top.Single(one => one.StartsWith("mesh ", StringComparison.Ordinal)).ShouldMatch(" drain .* by [^ ]+ since 20.*: a new disk$");
        var json = JsonDocument.Parse((await _sandbox.RunAsync("top", "--interval", "10ms", "--count", "1", "-o", "json", "--socket", _sandbox.SocketPath)).Output).RootElement;
        json.GetProperty("overrides")[0].GetProperty("why").GetString().ShouldBe("a new disk");
        json.GetProperty("node_state").GetProperty("why").GetString().ShouldBe("a new kernel");
        json.GetProperty("endpoints")[0].GetProperty("reason").GetString().ShouldEndWith(": a new disk");
    }

    [Fact]
    public void Screen_OfAHostAmongOthers_ShowsPeersRolesAndAnnouncements()
    {
        var at = DateTimeOffset.UnixEpoch;
        var backend = new BackendRates("10.0.0.11", "down", 0, 0, 0, 0, 0, "connection refused");
        var rates = new StatusRates(
            "lb1", "running", 7, 2,
            new BalancerRates(2, [new ServiceRates("dns", "udp://203.0.113.10:53", "nat", 0, 0, 0, 0, 0, 0, [backend])], new Dictionary<string, double>()),
            Listeners: [], Endpoints: [],
            [new VrrpInstanceStatus("edge", "eth0", 51, VrrpRole.Master, at, 150, 0, [], ["192.0.2.100/24"], 1)],
            [new BgpNeighborStatus("tor1", "192.0.2.1", 65000, "established", at, LastError: null, Bfd: "up")],
            [new BgpAddressStatus("203.0.113.10", Announced: false, ["service dns has no ready backend"])],
            [new PeerStatus("lb2", "192.0.2.12", PeerState.Up, at, "", "0.1.0", "running", 3, at, 0, [new PeerRole("edge", VrrpRole.Backup, at, 100)], Bgp: null, 0, [])],
            new NodeReport("lb1", NodeReport.Ready, Since: null, [], [], [], 0, 0, HandingOver: false), Overrides: [], Warnings: []);
        using var text = new StringWriter();

        TopText.Write(rates, text);

        string[] lines = [.. text.ToString().Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        lines.ShouldContain("lb2 192.0.2.12 up 1970-01-01 00:00:00Z 3 of 1970-01-01 00:00:00Z 0.1.0 0 - -");
        lines.ShouldContain("edge MASTER BACKUP 1970-01-01 00:00:00Z eth0 51 150 192.0.2.100/24");
        lines.ShouldContain("tor1 192.0.2.1 65000 established 1970-01-01 00:00:00Z up -");
        lines.ShouldContain("203.0.113.10 no ? service dns has no ready backend");
        lines.ShouldContain("-> 10.0.0.11 down 0 0 0 0 0 connection refused");
    }

    [Fact]
    public async Task Top_AsJson_CountsRequestsASecond()
    {
        await _sandbox.StartAsync();
        var status = JsonDocument.Parse((await Sandbox.CallAsync("status", "-o", "json", "--socket", _sandbox.SocketPath)).Output).RootElement;
        var top = _sandbox.RunAsync("top", "--interval", "1s", "--count", "1", "-o", "json", "--socket", _sandbox.SocketPath);
        using var http = new HttpClient();
        for (var i = 0; !top.IsCompleted; i++)
        {
            await http.GetStringAsync(new Uri($"http://{status.GetProperty("listeners")[0].GetProperty("bind").GetString()}/{i}"));
            await Task.Delay(1);
        }

        var rates = JsonDocument.Parse((await top).Output).RootElement;

        rates.GetProperty("seconds").GetDouble().ShouldBeGreaterThan(0.9);
        rates.GetProperty("listeners")[0].GetProperty("requests").GetDouble().ShouldBePositive();
        rates.GetProperty("endpoints")[0].GetProperty("cluster").GetString().ShouldBe("mesh");
    }

    [Fact]
    public void Screen_IsCutToTheTerminal_AndClearsWhatWasThere() =>
        TopText.OnScreen("first line\nsecond\nthird\n", width: 5, height: 3).ShouldBe("\u001b[Hfirst\u001b[K\nsecon\u001b[K\n\u001b[J");

    public void Dispose() => _sandbox.Dispose();
}
