// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text.Json;

namespace Penstock.Netns.Tests.Harness;

/// <summary>A router that runs FRR (AS 65000), and on one link with it hosts lb1, lb2, … (AS 65010), 10.7.0.11 and fd07::11 and so on, which announce 203.0.113.10 and 2001:db8::10.</summary>
internal sealed class BgpFabric : IAsyncDisposable
{
    /// <summary>What the hosts announce.</summary>
    public const string Vip = "203.0.113.10", Vip6 = "2001:db8::10";

    /// <summary>BFD with the router over IPv4, in a host's configuration: longer than this machine stands still.</summary>
    public const string Bfd = "bfd: {interval: 1s, multiplier: 20}";

    private static readonly string[] s_daemons = ["zebra", "bfdd", "bgpd"];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static int s_next;

    private readonly string _id = $"{Environment.ProcessId}xg{Interlocked.Increment(ref s_next)}";
    private readonly List<ChildProcess> _children = [];
    private readonly string _password;

    private BgpFabric(int hosts, string password)
    {
        _password = password;
        Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "penstock-netns-" + _id)).FullName;
        Router = new Host($"pst{_id}r");
        Hosts = [.. Enumerable.Range(1, hosts).Select(number => new Host($"pst{_id}{number}"))];
    }

    /// <summary>Why no such test can run; null: all is there.</summary>
    public static string? Missing => NetnsFactAttribute.Missing ?? (File.Exists("/usr/sbin/bird") ? null : "needs bird2") ?? (File.Exists("/usr/lib/frr/bgpd") ? null : "needs frr");

    /// <summary>Where files are.</summary>
    public string Folder { get; }

    /// <summary>The router.</summary>
    public Host Router { get; }

    /// <summary>The hosts.</summary>
    public Host[] Hosts { get; }

    /// <summary>Makes it.</summary>
    public static async Task<BgpFabric> CreateAsync(int hosts, string password = "")
    {
        var fabric = new BgpFabric(hosts, password);
        try
        {
            await fabric.BuildAsync();
            return fabric;
        }
        catch
        {
            await fabric.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a host's files are.</summary>
    public string FolderOf(int host) => Directory.CreateDirectory(Path.Combine(Folder, $"{host}")).FullName;

    /// <summary>Process id of a host's BIRD.</summary>
    public int Bird(int host) => int.Parse(File.ReadAllText(Path.Combine(FolderOf(host), "run/bird.pid")), CultureInfo.InvariantCulture);

    /// <summary>Whether a process runs: one that has ended and that nobody has waited for does not.</summary>
    public static bool IsAlive(int pid) => Directory.Exists($"/proc/{pid}") && File.ReadAllText($"/proc/{pid}/cmdline").Length > 0;

    /// <summary>Has a process end with it.</summary>
    public void Keep(ChildProcess child) => _children.Add(child);

    /// <summary>Writes a host's configuration.</summary>
    /// <param name="host">Which.</param>
    /// <param name="bgp">More keys of bgp.</param>
    /// <param name="rest">Other sections.</param>
    /// <param name="bird">More keys of bird.</param>
    /// <param name="neighbor">More keys of the neighbors.</param>
    /// <param name="deadAfter">By default however long this machine stands still.</param>
    public void Configure(int host, string bgp, string rest, string bird = "", string neighbor = "", string deadAfter = "60s")
    {
        var (folder, number) = (FolderOf(host), 11 + host);
        File.WriteAllText(Path.Combine(folder, "penstock.yaml"), $$"""
            node: lb{{host + 1}}
            state: {{folder}}/lib
            shutdown_timeout: 10s
            admin: {socket: {{folder}}/admin.sock}
            bird: {run: {{folder}}/run, state: {{folder}}/state, dead_after: {{deadAfter}}{{bird}}}
            bgp:
              asn: 65010
              router_id: 10.7.0.{{number}}
              addresses: [{{Vip}}, "{{Vip6}}"]
              neighbors:
                - {name: tor4, address: 10.7.0.1, asn: 65000, source: 10.7.0.{{number}}, hold_time: 60s, {{Bfd}}{{neighbor}}}
                - {name: tor6, address: "fd07::1", asn: 65000, source: "fd07::{{number}}", hold_time: 60s{{neighbor}}}
            {{bgp}}
            {{rest}}
            """);
    }

    /// <summary>Starts a host's daemon with the configuration that is there.</summary>
    public async Task<ChildProcess> StartAsync(int host)
    {
        var child = Hosts[host].Start(Topology.Penstock, "run", "--config", Path.Combine(FolderOf(host), "penstock.yaml"));
        Keep(child);
        await Eventually.TrueAsync(() => Task.FromResult(child.HasExited || child.Output.Contains("ready: generation", StringComparison.Ordinal)), s_patience, () => child.Output);
        child.HasExited.ShouldBeFalse(child.Output);
        return child;
    }

    /// <summary>Has a host's daemon read its configuration again.</summary>
    public Task<string> ReloadAsync(int host) => Run.OkAsync(Topology.Penstock, $"reload --socket {FolderOf(host)}/admin.sock");

    /// <summary>What a host's daemon says of itself.</summary>
    public Task<string> StatusAsync(int host) => Run.OkAsync(Topology.Penstock, $"status --socket {FolderOf(host)}/admin.sock");

    /// <summary>Asks the router, or has it do what it is told: commands of vtysh(1), each in the mode that the one before has led to.</summary>
    public async Task<string> AskAsync(params string[] commands)
    {
        var (code, said) = await VtyAsync(commands);
        code.ShouldBe(0, $"{string.Join("; ", commands)}:\n{said}"); // no answer is not the answer that there is nothing
        return said;
    }

    /// <summary>What the router has of an address: paths of <c>show bgp … json</c>.</summary>
    public async Task<JsonElement[]> PathsAsync(string address = Vip)
    {
        var family = address.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4";
        using var document = JsonDocument.Parse(await AskAsync($"show bgp {family} unicast {address} json"));
        return document.RootElement.TryGetProperty("paths", out var paths) ? [.. paths.EnumerateArray().Select(path => path.Clone())] : [];
    }

    /// <summary>Waits until the router has so many paths to an address.</summary>
    /// <returns>These.</returns>
    public async Task<JsonElement[]> AwaitPathsAsync(int count, string address = Vip)
    {
        JsonElement[] paths = [];
        await Eventually.TrueAsync(
            async () => (paths = await PathsAsync(address)).Length == count, s_patience, () => $"the router has not {count} paths to {address}:\n{Said().Result}");
        return paths;
    }

    /// <summary>The number that the router has given to what it has of 203.0.113.10: another one after a path has gone, though it is back since. 0: it has none.</summary>
    public async Task<int> VersionAsync()
    {
        using var document = JsonDocument.Parse(await AskAsync($"show bgp ipv4 unicast {Vip} json"));
        return document.RootElement.TryGetProperty("version", out var version) ? version.GetInt32() : 0;
    }

    /// <summary>What all of them say, for a test that fails.</summary>
    public async Task<string> Said() => $"{(await VtyAsync("show bgp summary", "show bgp ipv4 unicast")).Output}\n{string.Join("\n\n", _children.Select(child => child.Output))}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
            await child.DisposeAsync();
        foreach (var host in Hosts.Append(Router))
            await host.EndAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private Task<(int ExitCode, string Output)> VtyAsync(params string[] commands) => ChildProcess.RunAsync("vtysh", ["--vty_socket", Folder, .. commands.SelectMany(command => (string[])["-c", command])]);

    private async Task BuildAsync()
    {
        await Run.LinesAsync(
        [
            .. Hosts.Append(Router).Select(host => host.Made),
            Router.Line("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1"),
            Router.Ip("link add br0 type bridge mcast_snooping 0"),
            Router.Ip("link set br0 up"),
            Router.Ip("addr add 10.7.0.1/24 dev br0"),
            Router.Ip("addr add fd07::1/64 dev br0 nodad"),
            .. Hosts.SelectMany(Connected),
        ]);
        await StartRouterAsync();
    }

    private string[] Connected(Host host, int number) =>
    [
        Router.Ip($"link add h{number} type veth peer name eth0 netns {host.Name}"),
        Router.Ip($"link set h{number} master br0 up"),
        host.Ip("link set eth0 up"),
        host.Ip($"addr add 10.7.0.{11 + number}/24 dev eth0"),
        host.Ip($"addr add fd07::{11 + number}/64 dev eth0 nodad"),
    ];

    private async Task StartRouterAsync()
    {
        var numbers = Enumerable.Range(11, Hosts.Length).ToArray();
        string[] peers = [.. numbers.Select(number => $"10.7.0.{number}"), .. numbers.Select(number => $"fd07::{number}")];
        await File.WriteAllTextAsync(Path.Combine(Folder, "bgpd.conf"), $"""
            router bgp 65000
             bgp router-id 10.7.0.1
             no bgp ebgp-requires-policy
             timers bgp 20 60
             neighbor lb peer-group
             neighbor lb remote-as 65010
             neighbor lb timers connect 1
            {(_password.Length > 0 ? " neighbor lb password " + _password : "")}
            {string.Join('\n', peers.Select(peer => $" neighbor {peer} peer-group lb"))}
             address-family ipv4 unicast
              maximum-paths 8
            {string.Join('\n', numbers.Select(number => $"  no neighbor fd07::{number} activate"))}
             exit-address-family
             address-family ipv6 unicast
              maximum-paths 8
            {string.Join('\n', numbers.Select(number => $"  neighbor fd07::{number} activate"))}
             exit-address-family
            """);
        await File.WriteAllTextAsync(Path.Combine(Folder, "zebra.conf"), "");
        await File.WriteAllTextAsync(Path.Combine(Folder, "bfdd.conf"), "");
        await Run.OkAsync("chown", "-R frr:frr " + Folder);
        await Run.OkAsync("chmod", "755 " + Folder);
        foreach (var daemon in s_daemons)
        {
            await Router.OkAsync($"/usr/lib/frr/{daemon}", $"-d -A 127.0.0.1 --vty_socket {Folder} -z {Folder}/zserv.api -f {Folder}/{daemon}.conf -i {Folder}/{daemon}.pid{(daemon == "bfdd" ? $" --bfdctl {Folder}/bfdd.sock" : "")}");
            await Eventually.TrueAsync(() => Task.FromResult(File.Exists(Path.Combine(Folder, daemon + ".vty"))), s_patience, () => daemon + " does not start");
        }
    }
}
