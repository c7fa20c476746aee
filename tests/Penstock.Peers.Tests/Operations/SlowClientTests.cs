// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

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
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig
        {
            Endpoints = [nginx.Endpoint],
            Listener = ["timeouts: {header: 300s, body: 300s, idle: 300s, min_request_rate: 1B/s, min_response_rate: 1B/s}"],
        });

        // The first run compiles the proxy's code; the second is the quiet measure.
        await WrkRun.Start(penstock.Port, connections: 8, seconds: 3);
        var quiet = await WrkRun.Start(penstock.Port, connections: 8, seconds: 5);
        await using var slow = await SlowClients.OpenAsync(penstock.Port, Slow);
        var bound = Math.Max(2 * quiet.P99.TotalMilliseconds, 10);
        var crowded = await WrkRun.Start(penstock.Port, connections: 8, seconds: 10);

        // A stall of the machine may spoil one measurement; what the slow clients cost spoils each.
        for (var again = 0; again < 2 && crowded.Errors == 0 && crowded.P99.TotalMilliseconds > bound; again++)
            crowded = await WrkRun.Start(penstock.Port, connections: 8, seconds: 10);

        quiet.Errors.ShouldBe(0);
        crowded.Errors.ShouldBe(0);

        crowded.P99.TotalMilliseconds.ShouldBeLessThanOrEqualTo(bound);
        (await slow.CountServedIdleAsync()).ShouldBe(Slow / 4);
    }
}
