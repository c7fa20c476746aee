// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Daemon.Commands;

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
