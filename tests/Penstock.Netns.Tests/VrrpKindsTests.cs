// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Every kind of instance, through the whole daemon and real keepalived: both hosts run it, the address goes to the other one when the first is told to stop, and comes back.</summary>
public sealed class VrrpKindsTests
{
    private const string Origin = "import socket\ns=socket.create_server(('127.0.0.1',8080))\nwhile 1: s.accept()[0].close()";
    private const string V4 = VrrpLan.Vip, V6 = VrrpLan.Vip6, Second = "10.8.0.101", Second6 = "fd08::101", Third = "10.8.0.102";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsTheory]
    [InlineData($"{V4}/24,{V6}/64", "")]
    [InlineData($"{V4}/24", "peers: [10.8.0.PEER], source: 10.8.0.OWN")]
    [InlineData($"{V6}/64,{Second6}/64", "")]
    [InlineData($"{V6}/64", "peers: [\"fd08::PEER\"], source: \"fd08::OWN\"")]
    [InlineData($"{V4}/24", "use_vmac: true")]
    [InlineData($"{V4}/24", "use_vmac: true, peers: [10.8.0.PEER], source: 10.8.0.OWN")]
    public async Task Address_MovesWithTheHostThatStops_AndComesBack(string addresses, string settings)
    {
        await using var lan = await VrrpLan.CreateAsync();
        var instance = $"{{name: edge, interface: eth0, router_id: 50, priority: PRIORITY, advert_interval: 200ms, addresses: [{string.Join(", ", addresses.Split(',').Select(one => $"\"{one}\""))}], {settings}}}";
        string[] expected = [.. addresses.Split(',').Select(one => one.Split('/')[0])];
        Configure(lan, instance);
        var first = await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0, expected);
        await lan.StartDaemonAsync(1);
        await lan.RoleAsync(1, "BACKUP");

        first.Signal(15);
        await first.WaitAsync(s_patience);
        await lan.OwnerAsync(1, expected);
        await lan.RoleAsync(1, "MASTER");

        await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0, expected);
        await lan.RoleAsync(0, "MASTER");
        await lan.RoleAsync(1, "BACKUP");
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
            await lan.OwnerAsync(0, all);
        }

        await lan.RoleAsync(1, "BACKUP", "second");
        origins[0].Signal(9);
        await origins[0].WaitAsync(s_patience);
        await lan.OwnerAsync(1, all);
        await lan.RoleAsync(1, "MASTER");
        await lan.RoleAsync(1, "MASTER", "second");

        lan.Keep(lan.Hosts[0].Start("python3", "-c", Origin));
        await lan.OwnerAsync(0, all);
        await lan.RoleAsync(0, "MASTER", "second");
    }

    /// <summary>An instance that a sync group has no more takes none of the others' addresses with it, be the group down to one.</summary>
    [NetnsFact]
    public async Task SyncGroup_ThatLosesAnInstance_KeepsTheOthersAddresses()
    {
        await using var lan = await VrrpLan.CreateAsync();
        string[] instances = [.. new[] { V4, Second, Third }.Select((address, i) => $"{{name: edge{i}, interface: eth0, router_id: {50 + i}, priority: PRIORITY, advert_interval: 200ms, addresses: [{address}/24], sync_group: both}}")];
        Configure(lan, string.Join(", ", instances));
        await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0, V4, Second, Third);
        await lan.RoleAsync(0, "MASTER", "edge2");
        var changes = await lan.RecordAddressesAsync(0);

        foreach (var (left, gone) in new[] { (2, Third), (1, Second) })
        {
            Configure(lan, string.Join(", ", instances.Take(left)));
            (await lan.ReloadAsync(0)).ShouldNotContain("are given up");
            await Eventually.TrueAsync(() => Task.FromResult(changes.Output.Contains($" {gone}/", StringComparison.Ordinal)), s_patience, () => changes.Output);
            await lan.RoleAsync(0, "MASTER", "edge0");
        }

        await lan.MarkAsync(0, changes, "10.9.9.9");
        changes.Output.ShouldNotContain($" {V4}/", customMessage: "its address has left");
        (await lan.HasAsync(0, V4)).ShouldBeTrue();
    }

    private static void Configure(VrrpLan lan, string instances)
    {
        for (var host = 0; host < lan.Hosts.Length; host++)
        {
            var own = instances.Replace("PRIORITY", host == 0 ? "150" : "100", StringComparison.Ordinal).Replace("OWN", $"1{host + 1}", StringComparison.Ordinal).Replace("PEER", $"1{2 - host}", StringComparison.Ordinal);
            lan.Configure(host, own, app: "127.0.0.1:8080");
        }
    }
}
