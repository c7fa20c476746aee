// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What a host that has become master tells its neighbours, as tshark sees it on the link: real keepalived, by settings that are not the defaults.</summary>
public sealed class VrrpAnnounceTests
{
    private const string Twice = "10.8.0.101", Twice6 = "fd08::101", Again = "10.8.0.102", Again6 = "fd08::102";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task NewMaster_TellsWhereAddressesAre_AsOftenAsConfigured()
    {
        await using var lan = await VrrpLan.CreateAsync();
        for (var host = 0; host < lan.Hosts.Length; host++)
        {
            var own = $"interface: eth0, priority: {(host == 0 ? 150 : 100)}, advert_interval: 1s"; // three of them are longer than this machine stands still
            lan.Configure(
                host,
                $"{{name: edge, router_id: 50, addresses: [{VrrpLan.Vip}/24, \"{VrrpLan.Vip6}/64\"], announce: {{repeat: 3, delay: 0s}}, {own}}}, "
                + $"{{name: twice, router_id: 51, addresses: [{Twice}/24, \"{Twice6}/64\"], announce: {{repeat: 2, delay: 6s}}, {own}}}, "
                + $"{{name: again, router_id: 52, addresses: [{Again}/24, \"{Again6}/64\"], announce: {{repeat: 1, delay: 0s, refresh: 1s}}, {own}}}");
        }

        await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0);
        await lan.StartDaemonAsync(1);
        foreach (var instance in (string[])["edge", "twice", "again"])
        {
            await lan.RoleAsync(0, "MASTER", instance);
            await lan.RoleAsync(1, "BACKUP", instance);
        }

        var wire = await RecordAsync(lan);
        await lan.Link.IpAsync("link set h0 down"); // nobody is left whose adverts would be a reason to say it once more
        await Eventually.TrueAsync(
            () => Task.FromResult(Told(wire, Twice) >= 4 && Told(wire, Twice6) >= 4 && Told(wire, Again) >= 8 && Told(wire, Again6) >= 8), s_patience, () => wire.Output);

        // Six seconds after they had become master: the others have said all that they say.
        ((string[])[VrrpLan.Vip, VrrpLan.Vip6, Twice, Twice6]).Select(address => (address, Told(wire, address)))
            .ShouldBe([(VrrpLan.Vip, 3), (VrrpLan.Vip6, 3), (Twice, 4), (Twice6, 4)], wire.Output);
    }

    [NetnsFact]
    public async Task Adverts_AreOfVersion3_OverEitherFamily()
    {
        await using var lan = await VrrpLan.CreateAsync();
        lan.Configure(
            0,
            $"{{name: edge, interface: eth0, router_id: 50, advert_interval: 250ms, addresses: [{VrrpLan.Vip}/24]}}, "
            + $"{{name: edge6, interface: eth0, router_id: 51, advert_interval: 250ms, addresses: [\"{VrrpLan.Vip6}/64\"]}}");
        await lan.StartDaemonAsync(0);
        await lan.RoleAsync(0, "MASTER");
        await lan.RoleAsync(0, "MASTER", "edge6");

        var wire = lan.Link.Start("tshark", "-l", "-n", "-i", "h0", "-f", "ip proto 112 or ip6 proto 112", "-T", "fields", "-E", "separator=|", "-e", "vrrp.version", "-e", "vrrp.virt_rtr_id", "-e", "ip.dst", "-e", "ipv6.dst");
        lan.Keep(wire);
        await Eventually.TrueAsync(
            () => Task.FromResult(wire.Output.Contains("3|50|224.0.0.18|", StringComparison.Ordinal) && wire.Output.Contains("3|51||ff02::12", StringComparison.Ordinal)), s_patience, () => wire.Output);
        wire.Output.ShouldNotContain("2|5", customMessage: "none is of version 2");
    }

    // Gratuitous ARP and unsolicited neighbour advertisements of the second host, a line each: sender and target, or the target.
    private static async Task<ChildProcess> RecordAsync(VrrpLan lan)
    {
        var link = await lan.Hosts[1].OkAsync("ip", "-o link show eth0");
        var hardware = Regex.Match(link, "link/ether (?<address>[0-9a-f:]+)", RegexOptions.NonBacktracking).Groups["address"].Value;
        var wire = lan.Link.Start(
            "tshark", "-l", "-n", "-i", "h1", "-f", $"ether src {hardware} and (arp or (icmp6 and ip6[40] = 136 and ip6 dst host ff02::1))",
            "-T", "fields", "-E", "separator=|", "-e", "arp.src.proto_ipv4", "-e", "arp.dst.proto_ipv4", "-e", "icmpv6.nd.na.target_address");
        lan.Keep(wire);
        await Eventually.TrueAsync(
            async () =>
            {
                await lan.Hosts[1].RunAsync("bash", "-c", "echo > /dev/udp/10.8.0.250/9"); // nobody has it: the host asks who does
                return wire.Output.Contains("10.8.0.12|10.8.0.250|", StringComparison.Ordinal);
            },
            s_patience, () => "tshark sees nothing: " + wire.Output);
        return wire;
    }

    private static int Told(ChildProcess wire, string address) => wire.Output.Split('\n').Count(line => line.TrimEnd('\r') == $"{address}|{address}|" || line.TrimEnd('\r') == $"||{address}");
}
