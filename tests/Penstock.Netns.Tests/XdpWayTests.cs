// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Ways of a packet that are not the plainest: generic XDP, large frames, another interface, and connections known by their ids.</summary>
public sealed class XdpWayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly IPEndPoint Echo = new(IPAddress.Parse(Topology.Vip), 4433);

    [NetnsFact]
    public async Task Generic_WhereConfigured_CarriesTrafficAndStatusSaysSo()
    {
        await using var net = await Topology.CreateAsync();
        net.Configure("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
                - {name: web6, listen: "tcp://[2001:db8::10]:80", forwarding: nat, backends: ["fd09:2::11", "fd09:2::12"]}
            """, "  attach: generic");
        await net.StartDaemonAsync();

        (await net.CurlAsync(24)).Keys.ShouldBe(["s1", "s2"], ignoreOrder: true);
        (await net.CurlAsync(24, $"http://[{Topology.Vip6}]/")).Keys.ShouldBe(["s1", "s2"], ignoreOrder: true);
        (await net.StatusAsync()).ShouldContain("XDP on b0 (generic, program ");
    }

    [NetnsTheory]
    [InlineData("dsr-ipip")]
    [InlineData("dsr-gue")]
    [InlineData("nat")]
    public async Task JumboFrames_OfLargeDatagrams_AreCarriedInOnePiece(string forwarding)
    {
        await using var net = await Topology.CreateAsync();
        using var echo = new UdpEcho(net.Servers[0], "s1", Echo, new IPEndPoint(IPAddress.Parse("10.9.2.11"), 4433));

        // The program of the harness, at the other end of the balancer's link, takes no frames of several buffers.
        await net.Router.IpAsync("link set dev rb0 xdp off");
        await net.Router.OkAsync(Topology.Penstock, $"decap --interface rb0 --address 192.0.2.1 --pins {net.Folder}/r/pins --program {net.Programs}/decap.bpf.o");
        try
        {
            foreach (var (host, device, mtu) in new[] { (net.Client, "c0", 9000), (net.Balancer, "b0", 9060), (net.Servers[0], "s1", 9060), (net.Servers[1], "s2", 9060) })
            {
                await net.Router.IpAsync($"link set dev r{device} mtu {mtu}");
                await host.IpAsync($"link set dev {device} mtu {mtu}");
            }

            await net.Router.IpAsync("link set dev br0 mtu 9060");
            await net.StartDaemonAsync($$"""
                    - {name: echo, listen: "udp://203.0.113.10:4433", forwarding: {{forwarding}}, backends: [10.9.2.11]}
                """);

            await Eventually.TrueAsync(() => Task.FromResult(UdpEcho.Ask(net.Client, Echo, datagrams: 1, bytes: 100).SequenceEqual(["s1"])), Patience, () => net.StatusAsync().Result);
            UdpEcho.Ask(net.Client, Echo, datagrams: 5, bytes: 8900).ShouldBe(["s1", "s1", "s1", "s1", "s1"], await net.StatusAsync());
        }
        finally
        {
            await net.Router.RunAsync(Topology.Penstock, "decap", "--interface", "rb0", "--pins", $"{net.Folder}/r/pins", "--detach");
        }
    }

    [NetnsTheory]
    [InlineData("dsr-ipip")]
    [InlineData("dsr-gue")]
    public async Task Server_BehindAnotherInterface_IsReachedByIt(string forwarding)
    {
        await using var net = await Topology.CreateAsync();
        using var echo = new UdpEcho(net.Servers[1], "s2", Echo);
        await Run.OkAsync("ip", $"link add b1 netns {net.Balancer.Name} mtu 1560 type veth peer name e1 mtu 1560 netns {net.Servers[1].Name}");
        foreach (var (host, device, address) in new[] { (net.Balancer, "b1", "10.9.3.1"), (net.Servers[1], "e1", "10.9.3.12") })
        {
            await host.IpAsync($"addr add {address}/24 dev {device}");
            await host.OkAsync("ethtool", $"-K {device} tx off rx off");
            await host.IpAsync($"link set {device} up");
        }

        await net.Servers[1].OkAsync(Topology.Penstock, $"decap --interface e1 --pins {net.Folder}/s2/pins --program {net.Programs}/decap.bpf.o");
        await net.StartDaemonAsync($$"""
                - {name: echo, listen: "udp://203.0.113.10:4433", forwarding: {{forwarding}}, backends: [10.9.3.12]}
            """);

        await Eventually.TrueAsync(() => Task.FromResult(UdpEcho.Ask(net.Client, Echo, datagrams: 1, bytes: 100).SequenceEqual(["s2"])), Patience, () => net.StatusAsync().Result);
        UdpEcho.Ask(net.Client, Echo, datagrams: 3, bytes: 1200).ShouldBe(["s2", "s2", "s2"]);
        (await Run.OkAsync(Topology.Penstock, $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:1 --dst 203.0.113.10:4433 --proto udp")).ShouldMatch("next hop  [0-9a-f:]{17} by b1, as the kernel routes to 10.9.3.12");
    }

    [NetnsFact]
    public async Task Interface_ThatComesBack_WorksWhileAnotherIsGone()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await StartOnTwoInterfacesAsync(net, """
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);

        await LoseBothAndRestoreTheFirstAsync(net);

        await Eventually.TrueAsync(async () => (await net.CurlAsync(4)).Keys.All(key => key is "s1" or "s2"), Patience, () => daemon.Output);
        var status = await net.StatusAsync();
        status.ShouldContain("b0 (native");
        status.ShouldContain("interface b1 is not there, or does not run the XDP program");
        daemon.Output.ShouldContain("services could not be put in place: there is no interface b1");
    }

    [NetnsFact]
    public async Task NextHops_AreFollowedWhileAnInterfaceIsGone()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await StartOnTwoInterfacesAsync(net, """
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-l2, backends: [10.9.2.11, 10.9.2.99]}
            """);
        await Eventually.TrueAsync(async () => (await net.StatusAsync()).Contains("no next hop answers, or there is no route, for 10.9.2.99", StringComparison.Ordinal), Patience, () => net.StatusAsync().Result);

        await LoseBothAndRestoreTheFirstAsync(net);
        await Eventually.TrueAsync(() => Task.FromResult(daemon.Output.Contains("there is no interface b1", StringComparison.Ordinal)), Patience, () => daemon.Output);
        await net.Servers[1].IpAsync("addr add 10.9.2.99/24 dev s2");

        await Eventually.TrueAsync(() => Task.FromResult(daemon.Output.Contains("backend 10.9.2.99 is at", StringComparison.Ordinal)), Patience, () => daemon.Output);
        daemon.Output.Split("there is no interface b1").Length.ShouldBe(2, "it is said once");
    }

    [NetnsFact]
    public async Task QuicConnection_WhoseClientChangesItsPort_StaysWithTheServerThatItsIdNames()
    {
        await using var net = await Topology.CreateAsync();
        using var first = new UdpEcho(net.Servers[0], "s1", Echo);
        using var second = new UdpEcho(net.Servers[1], "s2", Echo);
        await net.StartDaemonAsync("""
                - name: quic
                  listen: "udp://203.0.113.10:4433"
                  forwarding: dsr-ipip
                  quic: {}
                  backends: [{address: 10.9.2.11, quic_id: 258}, {address: 10.9.2.12, quic_id: 259}]
            """);

        // A short header: flags, then the id: an octet, the server's two, and what it likes.
        byte[] Packet(byte server) => [0x40, 0xaa, 0x01, server, .. new byte[100]];
        await Eventually.TrueAsync(() => Task.FromResult(UdpEcho.Ask(net.Client, Echo, 1, Packet(2)).SequenceEqual(["s1"]) && UdpEcho.Ask(net.Client, Echo, 1, Packet(3)).SequenceEqual(["s2"])), Patience, () => net.StatusAsync().Result);
        foreach (var (server, name) in new[] { ((byte)2, "s1"), ((byte)3, "s2") })
        {
            // Each from a port of its own.
            var answers = Enumerable.Range(0, 12).SelectMany(_ => UdpEcho.Ask(net.Client, Echo, 1, Packet(server)));
            answers.Distinct().ShouldBe([name]);
        }
    }

    private static async Task<ChildProcess> StartOnTwoInterfacesAsync(Topology net, string services)
    {
        await Run.OkAsync("ip", $"link add b1 netns {net.Balancer.Name} type veth peer name e1 netns {net.Servers[1].Name}");
        await net.Balancer.IpAsync("link set b1 up");
        net.Configure(services);
        var file = $"{net.Folder}/penstock.yaml";
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("interface: b0", "interface: [b0, b1]", StringComparison.Ordinal));
        return await net.StartDaemonAsync();
    }

    private static async Task LoseBothAndRestoreTheFirstAsync(Topology net)
    {
        await net.Balancer.IpAsync("link del b1");
        await net.Balancer.IpAsync("link del b0");
        await net.ConnectBalancerAsync();
    }
}
