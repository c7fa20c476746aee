// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>A flood of SYNs for the proxy tier's listener, with real clients among it.</summary>
public sealed partial class XdpSynCookieTests
{
    private const string Tier = """
        l7:
          listeners: [{name: http, bind: ":80", routes: main}]
          routes: {main: [{respond: {status: 200, body: "proxy\n"}}]}
        """;

    private static readonly IPEndPoint Web = new(IPAddress.Parse(Topology.Vip), 80);

    [NetnsFact]
    public async Task SynFlood_BeyondTheThreshold_IsAnsweredByTheProgramAndClientsComeThrough()
    {
        // A short queue, which the flood fills; the kernel answers by cookies then, if the program does not.
        await using var net = await FloodableAsync("net.core.somaxconn=64 net.ipv4.tcp_syncookies=1");
        await net.StartDaemonAsync($$$"""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: l7, syn_cookies: {threshold: 10}}
            {{{Tier}}}
            """);
        (await net.CurlAsync(1)).ShouldBe(new Dictionary<string, int> { ["proxy"] = 1 });

        using var enough = new CancellationTokenSource();
        var flood = Task.Run(() =>
        {
            for (var seed = 1; !enough.IsCancellationRequested; seed++)
                SynFlood.Send(net.Client, Web, seed, 500);
        });
        var answers = new Dictionary<string, int>(StringComparer.Ordinal);
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    foreach (var (answer, count) in await net.CurlAsync(1))
                        answers[answer] = answers.GetValueOrDefault(answer) + count;
                    return await CounterAsync(net, "SyncookiesRecv") >= 5;
                },
                TimeSpan.FromSeconds(60), () => $"clients by cookies: {string.Join(", ", answers)}\n{net.StatusAsync().Result}");
        }
        finally
        {
            await enough.CancelAsync();
            await flood;
        }

        answers.Keys.ShouldBe(["proxy"]);
        var answered = AnsweredByCookies().Match(await net.StatusAsync()).Groups["count"].Value;
        long.Parse(answered, CultureInfo.InvariantCulture).ShouldBeGreaterThan(await CounterAsync(net, "SyncookiesSent"), "the stack is spared");
    }

    [NetnsFact]
    public async Task EverySyn_AnsweredByACookie_BecomesAConnectionInBothFamilies()
    {
        await using var net = await FloodableAsync("net.ipv4.tcp_syncookies=2");
        await net.StartDaemonAsync($$$"""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: l7, syn_cookies: {threshold: 0}}
                - {name: web6, listen: "tcp://[2001:db8::10]:80", forwarding: l7, syn_cookies: {threshold: 0}}
            {{{Tier}}}
            """);

        (await net.CurlAsync(5)).ShouldBe(new Dictionary<string, int> { ["proxy"] = 5 });
        (await net.CurlAsync(5, $"http://[{Topology.Vip6}]/")).ShouldBe(new Dictionary<string, int> { ["proxy"] = 5 });

        // A SYN that is sent again is answered again.
        (await net.StatusAsync()).ShouldMatch("answered by cookies: web ([5-9]|[1-9][0-9]), web6 ([5-9]|[1-9][0-9])");
        (await CounterAsync(net, "SyncookiesRecv")).ShouldBeGreaterThanOrEqualTo(10);
        (await CounterAsync(net, "SyncookiesSent")).ShouldBe(0, "the stack itself has sent none");
    }

    [GeneratedRegex("answered by cookies: web (?<count>\\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AnsweredByCookies();

    private static async Task<Topology> FloodableAsync(string settings)
    {
        var net = await Topology.CreateAsync();
        await net.Balancer.OkAsync("sysctl", "-qw " + settings);
        await net.Balancer.IpAsync($"addr add {Topology.Vip}/32 dev lo");
        await net.Balancer.IpAsync($"addr add {Topology.Vip6}/128 dev lo nodad");
        await net.Router.IpAsync("route add 198.18.0.0/15 via 10.9.1.2"); // the flood's addresses: the client is not at home there
        return net;
    }

    // Of the balancer's TCP: names are in one line of /proc/net/netstat, values in the next.
    private static async Task<long> CounterAsync(Topology net, string name)
    {
        var lines = (await net.Balancer.OkAsync("cat", "/proc/net/netstat")).Split('\n');
        var at = Array.IndexOf(lines[0].Split(' '), name);
        return long.Parse(lines[1].Split(' ')[at], CultureInfo.InvariantCulture);
    }
}
