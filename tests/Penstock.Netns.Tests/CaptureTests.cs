// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What tshark reads of `penstock capture`.</summary>
public sealed class CaptureTests
{
    private const string Services = """
            - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11]}
            - {name: web6, listen: "tcp://[2001:db8::10]:80", forwarding: dsr-gue, backends: ["fd09:2::12"]}
            - {name: shop, listen: "tcp://203.0.113.10:83", forwarding: nat, backends: [{address: 10.9.2.11, port: 8080}]}
            - {name: empty, listen: "tcp://203.0.113.10:81", forwarding: dsr-ipip, backends: [{address: 10.9.2.12, state: maintenance}]}
        """;

    [NetnsFact]
    public async Task Capture_OfEveryKind_SaysInTsharkWhatBecameOfEachFrame()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(Services);
        var capture = await StartAsync(net, "all.pcapng");

        await net.CurlAsync(1);
        await net.CurlAsync(1, $"http://[{Topology.Vip6}]/");
        await net.Client.RunAsync("curl", "-s", "--max-time", "0.3", $"http://{Topology.Vip}:81/");
        await net.Client.RunAsync("curl", "-s", "--max-time", "0.3", $"http://{Topology.Vip}:82/");
        (await net.CurlAsync(1, $"http://{Topology.Vip}:83/")).Keys.ShouldBe(["s1"]);
        await EndAsync(capture);

        var frames = await ReadAsync(net, "all.pcapng", "ip.src", "ipv6.dst", "tcp.dstport", "tcp.flags.syn", "frame.interface_name", "frame.comment");
        frames.ShouldContain("10.9.1.2||80|1|b0|verdict=tx service=web listen=tcp://203.0.113.10:80 backend=10.9.2.11 flow=new");
        frames.ShouldContain("10.9.1.2||80|0|b0|verdict=tx service=web listen=tcp://203.0.113.10:80 backend=10.9.2.11 flow=known");
        frames.ShouldContain("|2001:db8::10|80|1|b0|verdict=tx service=web6 listen=tcp://[2001:db8::10]:80 backend=[fd09:2::12]:6080 flow=new");
        frames.ShouldContain("10.9.1.2||81|1|b0|verdict=drop reason=no_backend service=empty listen=tcp://203.0.113.10:81");
        frames.ShouldContain("10.9.1.2||82|1|b0|verdict=pass");
        capture.Output.ShouldContain("; 0 lost because");

        // By nat: the SYN alone is of a new flow, there and back.
        const string There = "10.9.1.2||83|{0}|b0|verdict=tx service=shop listen=tcp://203.0.113.10:83 backend=10.9.2.11:8080 flow={1}";
        var shop = frames.Where(frame => frame.Contains("service=shop", StringComparison.Ordinal)).ToArray();
        shop.Count(frame => frame.EndsWith("flow=new", StringComparison.Ordinal)).ShouldBe(1, string.Join('\n', shop));
        shop.ShouldContain(string.Format(null, There, 1, "new"));
        shop.ShouldContain(string.Format(null, There, 0, "known"));
        shop.ShouldContain(frame => frame.StartsWith("10.9.2.11|", StringComparison.Ordinal) && frame.EndsWith("flow=known", StringComparison.Ordinal));

        // As the counters say.
        using var status = JsonDocument.Parse(await Run.OkAsync(Topology.Penstock, $"status --output json --socket {net.Folder}/admin.sock"));
        var counted = status.RootElement.GetProperty("l4").GetProperty("services").EnumerateArray().Single(service => service.GetProperty("name").GetString() == "shop");
        counted.GetProperty("table_hits").GetInt64().ShouldBe(counted.GetProperty("packets").GetInt64() - 1);
    }

    [NetnsFact]
    public async Task Filters_OfServiceClientReasonLengthAndCount_TakeThosePacketsOnly()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(Services);
        async Task<string[]> Taken(string[] fields, params string[] filter)
        {
            var capture = await StartAsync(net, "some.pcapng", filter);
            await net.CurlAsync(2);
            await net.CurlAsync(1, $"http://[{Topology.Vip6}]/");
            await net.Client.RunAsync("curl", "-s", "--max-time", "0.2", $"http://{Topology.Vip}:81/");
            if (filter.Contains("--count", StringComparer.Ordinal))
                (await capture.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, capture.Output); // by itself
            else
                await EndAsync(capture);
            return await ReadAsync(net, "some.pcapng", fields);
        }

        (await Taken(["tcp.dstport"], "--service", "empty")).Distinct().ShouldBe(["81"]);
        (await Taken(["ipv6.src", "frame.cap_len"], "--client", "fd09:1::/64", "--snap-length", "60")).Distinct().ShouldBe(["fd09:1::2|60"]);
        (await Taken(["ipv6.src"], "--client", "::/0")).Distinct().ShouldBe(["fd09:1::2"]);
        (await Taken(["ip.src"], "--client", "0.0.0.0/0")).Distinct().ShouldBe(["10.9.1.2"]);
        (await Taken(["frame.len"], "--client", "198.51.100.0/24")).ShouldBeEmpty();
        (await Taken(["tcp.dstport"], "--reason", "no_backend", "--verdict", "drop")).Distinct().ShouldBe(["81"]);
        (await Taken(["tcp.dstport"], "--count", "2", "--one-in", "2", "--service", "tcp://203.0.113.10:80")).ShouldBe(["80", "80"]);
    }

    [NetnsFact]
    public async Task Capture_WithoutADaemon_AndAcrossAProgramThatIsReplaced_GoesOn()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(Services);
        var capture = await StartAsync(net, "all.pcapng", "--verdict", "tx", "--service", "web");
        daemon.Signal(9);
        await daemon.WaitAsync(TimeSpan.FromSeconds(60));

        await net.CurlAsync(1);
        net.Configure(Services, "  new_flows_per_cpu: 1000000"); // a setting of the program: another is loaded
        await net.StartDaemonAsync();
        await Task.Delay(600);
        var before = capture.Output;
        await net.CurlAsync(1);
        await EndAsync(capture);

        var opened = (await ReadAsync(net, "all.pcapng", "tcp.flags.syn", "tcp.srcport")).Where(frame => frame.StartsWith("1|", StringComparison.Ordinal)).Distinct();
        opened.Count().ShouldBe(2, before + capture.Output);
    }

    [NetnsFact]
    public async Task Capture_ThatIsKilled_IsTurnedOffByTheProgram()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(Services);
        var capture = await StartAsync(net, "all.pcapng");
        (await Failed(net)).ShouldContain($"process {capture.Pid} captures already");
        capture.Signal(9);
        await capture.WaitAsync(TimeSpan.FromSeconds(60));

        var maps = Directory.GetDirectories($"{net.Folder}/pins", "maps-v*").Single();
        await Eventually.TrueAsync(
            async () =>
            {
                await net.CurlAsync(1);
                return (await Run.OkAsync("bpftool", $"map dump pinned {maps}/capture_filter")).Contains("\"one_in\": 0,", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(60), () => "the filter is off");
        var next = await StartAsync(net, "all.pcapng");
        await EndAsync(next);
    }

    [NetnsFact]
    public async Task Capture_WhoseReaderLeavesOrWhoseFileFails_EndsAndLetsTheNextIn()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(Services);
        var (code, output) = await net.Balancer.RunAsync("sh", ["-c", "{ \"$0\" \"$@\"; echo code $? >&2; } | head -c 10 >/dev/null", Topology.Penstock, "capture", "--config", $"{net.Folder}/penstock.yaml", "--write", "-"]).WaitAsync(TimeSpan.FromSeconds(60));
        (code, output).ShouldSatisfyAllConditions(() => output.ShouldContain("the reader has left"), () => output.ShouldContain("code 0"));

        foreach (var path in new[] { "/nonexist/x", "/dev/full" })
        {
            (code, output) = await net.Balancer.RunAsync(Topology.Penstock, ["capture", "--config", $"{net.Folder}/penstock.yaml", "--write", path]);
            code.ShouldBe(1, output);
            output.ShouldNotContain("captures already");
            await EndAsync(await StartAsync(net, "next.pcapng"));
        }
    }

    [NetnsFact]
    public async Task Capture_WithNothingAttachedOrAServiceThereIsNot_SaysSo()
    {
        await using var net = await Topology.CreateAsync();
        net.Configure(Services);
        (await Failed(net)).ShouldContain($"nothing is attached from {net.Folder}/pins: no L4 services run there");

        await net.StartDaemonAsync(Services);

        (await Failed(net, "--service", "wbe")).ShouldContain("no service listens on wbe; there are tcp://");
        var (code, output) = await net.Balancer.RunAsync("setpriv", ["--reuid=nobody", "--clear-groups", Topology.Penstock, .. Arguments(net, "x")]);
        code.ShouldBe(1);
        output.ShouldContain("capturing takes root, or the right CAP_BPF and a way into");
    }

    private static async Task<string> Failed(Topology net, params string[] more)
    {
        var (code, output) = await net.Balancer.RunAsync(Topology.Penstock, [.. Arguments(net, "x"), .. more]);
        code.ShouldBe(1);
        return output;
    }

    private static string[] Arguments(Topology net, string file) =>
        ["capture", "--config", $"{net.Folder}/penstock.yaml", "--write", $"{net.Folder}/{file}"];

    private static async Task<ChildProcess> StartAsync(Topology net, string file, params string[] more)
    {
        var capture = net.Balancer.Start(Topology.Penstock, [.. Arguments(net, file), .. more]);
        net.Keep(capture);
        await Eventually.TrueAsync(() => Task.FromResult(capture.HasExited || capture.Output.Contains("capturing on b0", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), () => capture.Output);
        capture.HasExited.ShouldBeFalse(capture.Output);
        return capture;
    }

    private static async Task EndAsync(ChildProcess capture)
    {
        await Task.Delay(200);
        capture.Signal(15);
        (await capture.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, capture.Output);
    }

    private static async Task<string[]> ReadAsync(Topology net, string file, params string[] fields)
    {
        var output = await Run.OkAsync("tshark", $"-r {net.Folder}/{file} -T fields -E separator=| {string.Join(' ', fields.Select(field => $"-e {field}"))}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("Running as user", StringComparison.Ordinal))];
    }
}
