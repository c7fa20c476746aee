// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Operations;

/// <summary>The access log of the running daemon.</summary>
public sealed class AccessLogTests
{
    private const string Get = "GET /some/path?q=1 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: probe\r\nConnection: close\r\n\r\n";

    [Fact]
    public async Task Json_OfAForwardedRequest_SaysWhereItWent()
    {
        using var workplace = new Workplace();
        var path = Path.Combine(workplace.Path, "access.log");
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { L7 = [$"access_log: {{path: {path}}}"] });

        await RawClient.AskAsync(penstock.Port, Get);

        using var line = JsonDocument.Parse((await LinesAsync(path, 1))[0]);
        var record = line.RootElement;
        record.GetProperty("method").GetString().ShouldBe("GET");
        record.GetProperty("status").GetInt32().ShouldBe(200);
        record.GetProperty("cluster").GetString().ShouldBe("main");
        record.GetProperty("endpoint").GetString().ShouldBe(origin.Endpoint);
    }

    [Fact]
    public async Task Failure_HasOneReason_InHeaderLogAndMetric()
    {
        using var workplace = new Workplace();
        var path = Path.Combine(workplace.Path, "access.log");
        var down = $"127.0.0.1:{FreePort.Next()}";
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [down], L7 = [$"access_log: {{path: {path}}}"] });

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBe(502);
        response.Value("Proxy-Status").ShouldNotBeNull().ShouldContain("error=connection_refused");
        using var line = JsonDocument.Parse((await LinesAsync(path, 1))[0]);
        line.RootElement.GetProperty("status").GetInt32().ShouldBe(502);
        line.RootElement.GetProperty("reason").GetString().ShouldBe("connection_refused");
        (await penstock.MetricsAsync()).ShouldContain("penstock_http_errors_total{reason=\"connection_refused\",rejected=\"\"} 1\n");
    }

    [Fact]
    public async Task Format_OfTheConfiguration_IsWrittenAfterTheFileIsRotated()
    {
        const int Sigusr1 = 10;
        using var workplace = new Workplace();
        var path = Path.Combine(workplace.Path, "access.log");
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(
            ProxyConfig.For(origin) with { L7 = [$"access_log: {{path: {path}, format: \"%{{method}} %{{status}}\"}}"] });

        await RawClient.AskAsync(penstock.Port, Get);
        (await LinesAsync(path, 1)).ShouldBe(["GET 200"]);
        File.Move(path, path + ".1");
        penstock.Child.Signal(Sigusr1);
        await Eventually.TrueAsync(
            async () =>
            {
                await RawClient.AskAsync(penstock.Port, Get);
                return File.Exists(path);
            },
            TimeSpan.FromSeconds(20), () => "the file is not made again");

        (await LinesAsync(path, 1))[0].ShouldBe("GET 200");
    }

    private static async Task<string[]> LinesAsync(string path, int count)
    {
        await Eventually.TrueAsync(() => File.Exists(path) && File.ReadAllText(path).Count(c => c == '\n') >= count, $"{path} has fewer than {count} lines");
        return File.ReadAllLines(path);
    }
}
