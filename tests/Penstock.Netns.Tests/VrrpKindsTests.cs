// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Every kind of instance, through the whole daemon and real keepalived: both hosts run it, the address goes to the other one when the first is told to stop, and comes back.</summary>
public sealed class VrrpKindsTests
{
    private const string Origin = "import socket\ns=socket.create_server(('127.0.0.1',8080))\nwhile 1: s.accept()[0].close()";
    private const string V4 = VrrpLan.Vip, V6 = VrrpLan.Vip6, Second = "10.8.0.101", Second6 = "fd08::101";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsTheory]
    [InlineData("multicast, both families", $"{V4}/24,{V6}/64", "")]
    [InlineData("unicast", $"{V4}/24", "peers: [10.8.0.PEER], source: 10.8.0.OWN")]
    [InlineData("multicast over IPv6", $"{V6}/64,{Second6}/64", "")]
    [InlineData("unicast over IPv6", $"{V6}/64", "peers: [\"fd08::PEER\"], source: \"fd08::OWN\"")]
    [InlineData("an address of its own, multicast", $"{V4}/24", "use_vmac: true")]
    [InlineData("an address of its own, unicast", $"{V4}/24", "use_vmac: true, peers: [10.8.0.PEER], source: 10.8.0.OWN")]
    public async Task Address_MovesWithTheHostThatStops_AndComesBack(string kind, string addresses, string settings)
    {
        await using var lan = await VrrpLan.CreateAsync();
        var instance = $"{{name: edge, interface: eth0, router_id: 50, priority: PRIORITY, advert_interval: 200ms, addresses: [{string.Join(", ", addresses.Split(',').Select(one => $"\"{one}\""))}], {settings}}}";
        string[] expected = [.. addresses.Split(',').Select(one => one.Split('/')[0])];
        Configure(lan, instance);
        var first = await lan.StartDaemonAsync(0);
        await OwnerAsync(lan, 0, kind, expected);
        await lan.StartDaemonAsync(1);
        await RoleAsync(lan, 1, "edge", "BACKUP");

        first.Signal(15);
        await first.WaitAsync(s_patience);
        await OwnerAsync(lan, 1, kind, expected);
        await RoleAsync(lan, 1, "edge", "MASTER");

        await lan.StartDaemonAsync(0);
        await OwnerAsync(lan, 0, kind, expected);
        await RoleAsync(lan, 0, "edge", "MASTER");
        await RoleAsync(lan, 1, "edge", "BACKUP");
    }

    [NetnsFact]
    public async Task SyncGroup_MovesAsAWhole_WhereOneOfItsInstancesIsIll()
    {
        await using var lan = await VrrpLan.CreateAsync();
        const string One = $"{{name: edge, interface: eth0, router_id: 50, priority: PRIORITY, advert_interval: 200ms, sync_group: edge, addresses: [{V4}/24], track: {{clusters: [app]}}}}";
        const string Other = $"{{name: second, interface: eth0, router_id: 51, priority: PRIORITY, advert_interval: 200ms, sync_group: edge, addresses: [{Second}/24, \"{V6}/64\"]}}";
        string[] all = [V4, V6, Second];
        Configure(lan, $"{One}, {Other}");
        var origins = lan.Hosts.Select(host => host.Start("python3", "-c", Origin)).ToArray();
        foreach (var origin in origins)
            lan.Keep(origin);
        for (var host = 0; host < 2; host++)
        {
            await lan.StartDaemonAsync(host);
            await OwnerAsync(lan, 0, "sync group", all);
        }

        await RoleAsync(lan, 1, "second", "BACKUP");
        origins[0].Signal(9);
        await origins[0].WaitAsync(s_patience);
        await OwnerAsync(lan, 1, "sync group", all);
        await RoleAsync(lan, 1, "edge", "MASTER");
        await RoleAsync(lan, 1, "second", "MASTER");

        lan.Keep(lan.Hosts[0].Start("python3", "-c", Origin));
        await OwnerAsync(lan, 0, "sync group", all);
        await RoleAsync(lan, 0, "second", "MASTER");
    }

    private static void Configure(VrrpLan lan, string instances)
    {
        for (var host = 0; host < lan.Hosts.Length; host++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(lan.Folder, $"{host}")).FullName;
            var files = lan.Files(host);
            var own = instances.Replace("PRIORITY", host == 0 ? "150" : "100", StringComparison.Ordinal).Replace("OWN", $"1{host + 1}", StringComparison.Ordinal).Replace("PEER", $"1{2 - host}", StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(folder, "penstock.yaml"), $$"""
                node: lb{{host + 1}}
                shutdown_timeout: 1s
                admin: {socket: {{folder}}/admin.sock}
                vrrp: [{{own}}]
                keepalived: {run: {{Path.GetDirectoryName(files.Run)}}, state: {{files.State}}, dead_after: 60s}
                l7:
                  reactors: 1
                  listeners: [{name: web, bind: ":80", routes: main}]
                  routes: {main: [{match: {path_prefix: /app}, to: app}, {respond: {status: 200} }]}
                  clusters: {app: {endpoints: ["127.0.0.1:8080"], health: {type: tcp, interval: 200ms, timeout: 5s, rise: 1, fall: 1} } }
                """);
        }
    }

    private static Task OwnerAsync(VrrpLan lan, int host, string kind, string[] addresses) => Eventually.TrueAsync(
        async () =>
        {
            foreach (var address in addresses)
            {
                if (!await lan.HasAsync(host, address) || await lan.HasAsync(1 - host, address))
                    return false;
            }

            return true;
        },
        s_patience,
        () => $"{kind}: host {host} does not become the one that has the addresses");

    private static Task RoleAsync(VrrpLan lan, int host, string instance, string role) => Eventually.TrueAsync(
        async () => Regex.IsMatch(await lan.StatusAsync(host), $"^{instance} +{role} ", RegexOptions.Multiline | RegexOptions.NonBacktracking), s_patience, () => lan.StatusAsync(host).Result);
}
