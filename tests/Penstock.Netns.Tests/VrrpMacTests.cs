// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>With <c>use_vmac</c> an address has its virtual router's MAC address (RFC 9568, 7.3), whichever host has it: what a neighbour learns by ARP and NDP, real keepalived.</summary>
public sealed class VrrpMacTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsTheory]
    [InlineData(VrrpLan.Vip, "24", "00:00:5e:00:01:32")] // router id 50
    [InlineData(VrrpLan.Vip6, "64", "00:00:5e:00:02:32")]
    public async Task Address_HasTheMacAddressOfItsRouter_OnEitherHost(string address, string length, string hardware)
    {
        await using var lan = await VrrpLan.CreateAsync();
        await lan.Link.IpAsync("addr add 10.8.0.9/24 dev br0");
        await lan.Link.IpAsync("addr add fd08::9/64 dev br0 nodad");
        for (var host = 0; host < lan.Hosts.Length; host++)
        {
            lan.Configure(host, $"{{name: edge, interface: eth0, router_id: 50, priority: {(host == 0 ? 150 : 100)}, advert_interval: 500ms, addresses: [\"{address}/{length}\"], use_vmac: true}}");
            if (address == VrrpLan.Vip)
                (await CheckAsync(lan, host)).ShouldContain("net.ipv4.conf.eth0.arp_announce is 0", customMessage: "docs/vrrp.md says why");
            await lan.Hosts[host].OkAsync("sysctl", "-qw net.ipv4.conf.all.arp_announce=2");
            (await CheckAsync(lan, host)).ShouldNotContain("arp_announce");
        }

        var first = await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0, address);
        await lan.StartDaemonAsync(1);
        await lan.RoleAsync(1, "BACKUP");
        (await LearntAsync(lan, address)).ShouldBe(hardware);

        first.Signal(15);
        await first.WaitAsync(s_patience);
        await lan.OwnerAsync(1, address);
        (await LearntAsync(lan, address)).ShouldBe(hardware);
    }

    private static async Task<string> CheckAsync(VrrpLan lan, int host)
    {
        await using var check = lan.Hosts[host].Start(Topology.Penstock, "check", "--config", Path.Combine(lan.Folder, $"{host}/penstock.yaml"));
        await check.WaitAsync(s_patience);
        return check.Output;
    }

    // What a neighbour that knew nothing of the address has heard that it is at.
    private static async Task<string> LearntAsync(VrrpLan lan, string address)
    {
        var found = "";
        await lan.Link.IpAsync("neigh flush dev br0");
        await Eventually.TrueAsync(
            async () =>
            {
                await lan.Link.RunAsync("bash", "-c", $"echo > /dev/udp/{address}/9");
                var known = await Run.OkAsync("ip", $"-n {lan.Link.Name} neigh show to {address} dev br0");
                found = Regex.Match(known, "lladdr (?<address>[0-9a-f:]+)", RegexOptions.NonBacktracking).Groups["address"].Value;
                return found.Length > 0;
            },
            s_patience,
            () => $"nobody answers for {address}");
        return found;
    }
}
