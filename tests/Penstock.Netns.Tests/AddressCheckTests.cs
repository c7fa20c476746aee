// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary><c>penstock check</c> asks the programs that hold virtual addresses what they think, on a host, before anything runs.</summary>
public sealed class AddressCheckTests
{
    private const string Instance = "{name: edge, interface: eth0, router_id: 51, addresses: [10.8.0.100/24]}";
    private const string Bgp = "{asn: 65010, router_id: 10.8.0.11, addresses: [203.0.113.10], neighbors: [{name: tor, address: 10.8.0.1, asn: 65000}]}";

    [NetnsFact]
    public async Task Template_IsJudgedByKeepalived()
    {
        await using var lan = await VrrpLan.CreateAsync();

        async Task JudgedAsync(string priority, int code, string said)
        {
            var template = Write(lan, "keepalived.conf", BuiltIn("keepalived.conf").Replace("priority {{priority}}", priority, StringComparison.Ordinal));
            await CheckAsync(lan, $"vrrp: [{Instance}]\nkeepalived: {{template: {template}}}\n", code, said);
        }

        await JudgedAsync("priority {{priority}}\n  priorities 5", 1, "error: keepalived refuses the configuration of group edge: line ");
        await JudgedAsync("priority {{weight}}", 1, ": unknown value 'weight'");
        await JudgedAsync("priority {{{priority}", 1, "error: keepalived: ");
        await JudgedAsync("# a remark\n  priority {{priority}}", 0, "OK: ");
    }

    [NetnsFact]
    public async Task Template_InAnotherEncoding_IsRefused()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var template = Path.Combine(lan.Folder, "keepalived.conf");
        File.WriteAllBytes(template, [.. "# "u8, 0xFC, .. "\n"u8]);

        await CheckAsync(lan, $"vrrp: [{Instance}]\nkeepalived: {{template: {template}}}\n", 1, $"error: keepalived: {template}: not UTF-8");
    }

    [NetnsFact]
    public async Task Program_ThatIsNotThere_IsNamed()
    {
        await using var lan = await VrrpLan.CreateAsync();

        await CheckAsync(lan, $"vrrp: [{Instance}]\nkeepalived: {{binary: /nowhere/keepalived}}\n", 1, "error: keepalived: /nowhere/keepalived could not be started: No such file or directory");
        await CheckAsync(lan, $"bgp: {Bgp}\nbird: {{binary: /nowhere/bird}}\n", 1, "error: bird: /nowhere/bird could not be started: No such file or directory");
    }

    [BgpFact]
    public async Task Template_IsJudgedByBird()
    {
        await using var lan = await VrrpLan.CreateAsync();

        string Config(string id) => $"bgp: {Bgp}\nbird: {{template: {Write(lan, "bird.conf", BuiltIn("bird.conf").Replace("router id", id, StringComparison.Ordinal))}}}\n";

        await CheckAsync(lan, Config("router id"), 0, "OK: ");
        await CheckAsync(lan, Config("routers id"), 1, "error: bird refuses its configuration: line ");
    }

    private static async Task CheckAsync(VrrpLan lan, string config, int code, string said)
    {
        var (exit, output) = await lan.Hosts[0].RunAsync(Topology.Penstock, "check", "--config", Write(lan, "penstock.yaml", config));
        output.ShouldContain(said);
        exit.ShouldBe(code, output);
    }

    private static string BuiltIn(string name) => File.ReadAllText(Path.Combine(Objects.Root, "src/Penstock.Vrrp/Templates", name));

    private static string Write(VrrpLan lan, string name, string text)
    {
        var path = Path.Combine(lan.Folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
