// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What fits is what the interface fits that a packet leaves by.</summary>
public sealed class XdpMtuTests
{
    private const int Small = 1400;

    [NetnsTheory]
    [InlineData("dsr-ipip", Small - 20)]
    [InlineData("dsr-gue", Small - 28)]
    [InlineData("nat", Small)]
    public async Task Packet_TooBigForTheInterfaceItLeavesBy_IsAnsweredWithWhatFitsThere(string forwarding, int fits)
    {
        await using var net = await Topology.CreateAsync();

        // A second server behind an interface of its own, whose MTU is less than that of the first.
        await Run.OkAsync("ip", $"link add b1 netns {net.Balancer.Name} mtu {Small} type veth peer name e1 mtu {Small} netns {net.Servers[1].Name}");
        await net.Balancer.IpAsync("addr add 10.9.3.1/24 dev b1");
        await net.Servers[1].IpAsync("addr add 10.9.3.12/24 dev e1");
        await net.Balancer.OkAsync("ethtool", "-K b1 tx off rx off");
        await net.Servers[1].OkAsync("ethtool", "-K e1 tx off rx off");
        await net.Servers[1].IpAsync("link set e1 up");
        await net.Balancer.IpAsync("link set b1 up");
        await net.Servers[1].IpAsync($"link set dev e1 xdp obj {net.Programs}/pass.bpf.o sec xdp/pass");
        await net.StartDaemonAsync($$"""
                - {name: wide, listen: "udp://203.0.113.10:4433", forwarding: {{forwarding}}, backends: [10.9.2.11]}
                - {name: narrow, listen: "udp://203.0.113.10:4434", forwarding: {{forwarding}}, backends: [10.9.3.12]}
            """);

        (await LearntAsync(net, 4433)).ShouldBeNull("1,500 bytes fit the first");
        (await LearntAsync(net, 4434)).ShouldBe(fits);
    }

    // What the client's kernel has learnt of its way to the address, from an ICMP error that an own packet of 1,500 bytes got; null: nothing.
    private static async Task<int?> LearntAsync(Topology net, int port)
    {
        await net.Client.OkAsync("ip", "route flush cache");
        using var socket = net.Client.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { DontFragment = true });
        var mtu = (int?)null;
        for (var attempt = 0; attempt < 20 && mtu is null; attempt++)
        {
            try
            {
                socket.SendTo(new byte[1472], new IPEndPoint(IPAddress.Parse(Topology.Vip), port));
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.MessageSize or SocketError.ConnectionRefused)
            {
                // It has learnt, or is about to be told that nobody listens.
            }

            await Task.Delay(50);
            var words = (await net.Client.OkAsync("ip", $"route get {Topology.Vip}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            mtu = Array.IndexOf(words, "mtu") is >= 0 and var at ? int.Parse(words[at + 1], System.Globalization.CultureInfo.InvariantCulture) : null;
        }

        return mtu;
    }
}
