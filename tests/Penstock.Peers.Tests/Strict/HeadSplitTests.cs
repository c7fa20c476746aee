// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Strict;

/// <summary>How the kernel cuts a request into segments changes nothing.</summary>
public sealed class HeadSplitTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    private const string Request =
        "POST /split?a=b HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n4;e=1\r\nbody\r\n0\r\nX-End: e\r\n\r\n";

    [Fact]
    public async Task Request_CutInTwoAtEveryByte_ReachesTheOriginAlike()
    {
        using var client = await RawClient.ConnectAsync(fixture.Penstock.Port);
        for (var cut = 1; cut < Request.Length; cut++)
        {
            var before = fixture.Origin.Requests.Count;
            await client.SendAsync(Request[..cut]);

            // Lets penstock see the first part alone; were it seen together the test would still hold, only prove less.
            await Task.Delay(2);
            await client.SendAsync(Request[cut..]);

            (await client.ReadResponseAsync()).Status.ShouldBe(200, $"cut at {cut}");
            var seen = fixture.Origin.Requests[before];
            seen.StartLine.ShouldBe("POST /split?a=b HTTP/1.1");
            seen.Value("X-One").ShouldBe("1");
            seen.Text.ShouldBe("body");
            seen.Complete.ShouldBeTrue($"cut at {cut}");
        }
    }

    [Fact]
    public async Task Request_EndedByTheClientAtEveryByte_NeverReachesTheOriginWhole()
    {
        var before = fixture.Origin.Requests.Count;
        for (var cut = 1; cut < Request.Length; cut++)
        {
            using var client = await RawClient.ConnectAsync(fixture.Penstock.Port);
            await client.SendAsync(Request[..cut]);
            client.EndSending();
            await client.Reader.ReadToEndAsync();
        }

        (await RawClient.AskAsync(fixture.Penstock.Port, "GET /after HTTP/1.1\r\nHost: a\r\n\r\n")).Status.ShouldBe(200);
        fixture.Origin.Requests.Skip(before).Where(seen => seen.Complete).Select(seen => seen.StartLine).ShouldBe(["GET /after HTTP/1.1"]);
    }
}
