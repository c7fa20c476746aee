// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Operations;

/// <summary>Clients that are slow cost the others nothing.</summary>
public sealed class SlowClientTests
{
    private const int Slow = 8000;

    [PeerFact("nginx", "wrk", OpenFiles = 12_000)]
    public async Task SlowClients_OfFourKinds_LeaveGoodClientsTheirLatency()
    {
        await using var nginx = await NginxServer.OriginAsync(
            "location / { return 200 ok; } location /big { }", ("big", 50_000_000));
        var config = new ProxyConfig
        {
            Endpoints = [nginx.Endpoint],
            Listener = ["timeouts: {header: 300s, body: 300s, idle: 300s, min_request_rate: 1B/s, min_response_rate: 1B/s}"],
        };
        await using var penstock = await PenstockProcess.StartAsync(config);
        await using var calm = await PenstockProcess.StartAsync(config with { Port = FreePort.Next(), MetricsPort = FreePort.Next() });

        // The first runs compile the proxies' code.
        await WrkRun.Start(penstock.Port, connections: 8, seconds: 3);
        await WrkRun.Start(calm.Port, connections: 8, seconds: 3);
        await using var slow = await SlowClients.OpenAsync(penstock.Port, Slow);

        // In turns with one without them: a stall of the machine may spoil one measurement, what the slow clients cost spoils each.
        var (quiet, crowded) = await MeasureAsync();
        for (var again = 0; again < 9 && crowded.Errors == 0 && crowded.P99.TotalMilliseconds > Bound(quiet); again++)
            (quiet, crowded) = await MeasureAsync();

        quiet.Errors.ShouldBe(0);
        crowded.Errors.ShouldBe(0);

        crowded.P99.TotalMilliseconds.ShouldBeLessThanOrEqualTo(Bound(quiet));
        (await slow.CountServedIdleAsync()).ShouldBe(Slow / 4);

        async Task<(WrkRun Quiet, WrkRun Crowded)> MeasureAsync() =>
            (await WrkRun.Start(calm.Port, connections: 8, seconds: 5), await WrkRun.Start(penstock.Port, connections: 8, seconds: 10));

        static double Bound(WrkRun quiet) => Math.Max(2 * quiet.P99.TotalMilliseconds, 10);
    }
}
