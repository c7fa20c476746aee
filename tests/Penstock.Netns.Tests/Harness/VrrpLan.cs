// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Penstock.Tests;
using Penstock.Vrrp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Netns.Tests.Harness;

/// <summary>Two hosts on one link, 10.8.0.11 and .12, that share 10.8.0.100 and fd08::100: each with a keepalived looked after from this process, as two daemons would.</summary>
internal sealed class VrrpLan : IAsyncDisposable
{
    /// <summary>What they share.</summary>
    public const string Vip = "10.8.0.100", Vip6 = "fd08::100";

    private const int RouterId = 50;

    private static int s_next;

    private readonly string _id = $"{Environment.ProcessId}xv{Interlocked.Increment(ref s_next)}";
    private readonly List<KeepalivedProcess> _processes = [];
    private readonly List<ChildProcess> _children = [];

    private VrrpLan()
    {
        Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "penstock-netns-" + _id)).FullName;
        (Link, Hosts) = (new Host($"pst{_id}l"), [new Host($"pst{_id}1"), new Host($"pst{_id}2")]);
    }

    /// <summary>Where files are.</summary>
    public string Folder { get; }

    /// <summary>Holds the bridge between them.</summary>
    public Host Link { get; }

    /// <summary>The two: the first has the higher priority.</summary>
    public Host[] Hosts { get; }

    /// <summary>What was logged, by host.</summary>
    public RecordingLogger<KeepalivedProcess>[] Logs { get; } = [new(), new()];

    /// <summary>Makes it.</summary>
    public static async Task<VrrpLan> CreateAsync()
    {
        var lan = new VrrpLan();
        try
        {
            await lan.BuildAsync();
            return lan;
        }
        catch
        {
            await lan.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has a process end with it.</summary>
    public void Keep(ChildProcess child) => _children.Add(child);

    /// <summary>Writes <c>HOST/penstock.yaml</c>: a daemon that serves by itself, and has these instances.</summary>
    /// <param name="host">Which.</param>
    /// <param name="instances">Items of <c>vrrp</c>.</param>
    /// <param name="deadAfter">By default however long this machine stands still.</param>
    /// <param name="keepalived">More keys of <c>keepalived</c>.</param>
    /// <param name="bind">Where it listens.</param>
    /// <param name="app">Endpoint of a cluster <c>app</c>, which instances may track; empty: there is none.</param>
    public void Configure(int host, string instances, string deadAfter = "60s", string keepalived = "", string bind = ":80", string app = "")
    {
        var cluster = $$"""clusters: {app: {endpoints: ["{{app}}"], health: {type: tcp, interval: 200ms, timeout: 5s, rise: 1, fall: 1} } }""";
        var (folder, files) = (Directory.CreateDirectory(Path.Combine(Folder, $"{host}")).FullName, Files(host));
        File.WriteAllText(Path.Combine(folder, "penstock.yaml"), $$"""
            node: lb{{host + 1}}
            state: {{folder}}/lib
            shutdown_timeout: 1s
            admin: {socket: {{folder}}/admin.sock}
            vrrp: [{{instances}}]
            keepalived: {run: {{Path.GetDirectoryName(files.Run)}}, state: {{files.State}}, dead_after: {{deadAfter}}{{keepalived}}}
            l7:
              reactors: 1
              listeners: [{name: web, bind: "{{bind}}", routes: main}]
              routes: {main: [{{(app.Length > 0 ? "{match: {path_prefix: /app}, to: app}, " : "")}}{respond: {status: 200} }]}
              {{(app.Length > 0 ? cluster : "")}}
            """);
    }

    /// <summary>Starts a host's daemon by <c>HOST/penstock.yaml</c>, in its network, and waits until it is ready.</summary>
    public async Task<ChildProcess> StartDaemonAsync(int host)
    {
        var child = Launch(host);
        await Eventually.TrueAsync(
            () => Task.FromResult(child.HasExited || child.Output.Contains("ready: generation", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), () => child.Output);
        child.HasExited.ShouldBeFalse(child.Output);
        return child;
    }

    /// <summary>Starts it, and does not wait.</summary>
    public ChildProcess Launch(int host)
    {
        var child = Hosts[host].Start(Topology.Penstock, "run", "--config", Path.Combine(Folder, $"{host}/penstock.yaml"));
        Keep(child);
        return child;
    }

    /// <summary>What a host's daemon says of itself.</summary>
    public Task<string> StatusAsync(int host) => Run.OkAsync(Topology.Penstock, $"status --socket {Folder}/{host}/admin.sock");

    /// <summary>Waits until a host's daemon says that an instance has a role there.</summary>
    public Task RoleAsync(int host, string role, string instance = "edge") => Eventually.TrueAsync(
        async () => Regex.IsMatch(await StatusAsync(host), $"^{instance} +{role} ", RegexOptions.Multiline | RegexOptions.NonBacktracking), TimeSpan.FromSeconds(60), () => StatusAsync(host).Result);

    /// <summary>Has a host's daemon read its file again.</summary>
    public Task<string> ReloadAsync(int host) => Run.OkAsync(Topology.Penstock, $"reload --socket {Folder}/{host}/admin.sock");

    /// <summary>Files of a host's keepalived.</summary>
    public KeepalivedFolder Files(int host, string group = "edge") => new(Path.Combine(Folder, $"{host}/state"), Path.Combine(Folder, $"{host}/run"), group);

    /// <summary>Begins to look after a host's keepalived, as a daemon that starts does.</summary>
    public KeepalivedProcess Take(int host, Action<VrrpRoleChange>? changed = null)
    {
        var process = Hosts[host].Inside(() => new KeepalivedProcess(Files(host), new ProgramStart("/usr/sbin/keepalived", Path.Combine(Folder, "keepalived.sock"), "penstock-keepalived"), Logs[host], TimeProvider.System, changed));
        _processes.Add(process);
        return process;
    }

    /// <summary>What a host is to run.</summary>
    /// <param name="host">Which.</param>
    /// <param name="settings">Lines of the instance.</param>
    /// <param name="definitions">Blocks before it.</param>
    /// <param name="more">Addresses besides, with their prefix length.</param>
    public KeepalivedPlan Plan(int host, string settings = "", string definitions = "", params string[] more)
    {
        var files = Files(host);
        string[] addresses = [$"{Vip}/24", $"{Vip6}/64", .. more];
        var token = string.Create(CultureInfo.InvariantCulture, $"169.254.0.{RouterId}");
        var isVmac = settings.Contains("use_vmac", StringComparison.Ordinal);
        return new KeepalivedPlan(
            $$"""
            global_defs {
              router_id {{Hosts[host].Name}}
              vrrp_version 3
              vrrp_notify_fifo {{files.NotifyFifo}}
              script_user root
              enable_script_security
            }
            {{definitions}}
            track_file health {
              file "{{files.HealthFile("edge")}}"
              weight 1
            }
            vrrp_instance edge {
              state BACKUP
              interface eth0
              virtual_router_id {{RouterId}}
              priority {{(host == 0 ? 150 : 100)}}
              advert_int 0.1
              {{settings}}
              track_file {
                health
              }
              virtual_ipaddress {
                {{token}}/32 scope link
              }
              virtual_ipaddress_excluded {
                {{string.Join("\n    ", addresses)}}
              }
            }

            """,
            [
                new KeepalivedInstance(
                    "edge",
                    [.. addresses.Append(token).Select(address => new KeepalivedAddress("eth0", IPAddress.Parse(address.Split('/')[0])))],
                    isVmac ? ["vrrp.50"] : ImmutableArray<string>.Empty),
            ]);
    }

    /// <summary>Whether a host has an address.</summary>
    public async Task<bool> HasAsync(int host, string address = Vip) =>
        Has(await Run.OkAsync("ip", $"-n {Hosts[host].Name} -o addr"), address);

    /// <summary>Waits until one host, and only it, has addresses.</summary>
    /// <param name="host">Which.</param>
    /// <param name="addresses">Addresses; none: those that the hosts share.</param>
    public Task OwnerAsync(int host, params string[] addresses) => OwnerAsync(host, TimeSpan.FromSeconds(60), addresses);

    /// <summary>The same with another patience.</summary>
    public Task OwnerAsync(int host, TimeSpan patience, params string[] addresses) => Eventually.TrueAsync(
        async () =>
        {
            var (own, other) = (await Run.OkAsync("ip", $"-n {Hosts[host].Name} -o addr"), await Run.OkAsync("ip", $"-n {Hosts[1 - host].Name} -o addr"));
            return Array.TrueForAll(addresses is [] ? [Vip, Vip6] : addresses, address => Has(own, address) && !Has(other, address));
        },
        patience,
        () => $"host {host} does not become the one that has the addresses:\n{Said(0)}\n\n{Said(1)}");

    /// <summary>Starts to record all that the kernel says of a host's addresses; returns once it does.</summary>
    public async Task<ChildProcess> RecordAddressesAsync(int host)
    {
        var monitor = Hosts[host].Start("ip", "-o", "monitor", "address");
        Keep(monitor);
        await MarkAsync(host, monitor, "10.9.9.8");
        return monitor;
    }

    /// <summary>Waits until a record of <see cref="RecordAddressesAsync"/> holds an address that a host is given for it, and so all that was before.</summary>
    public Task MarkAsync(int host, ChildProcess monitor, string mark) => Eventually.TrueAsync(
        async () =>
        {
            await Hosts[host].IpAsync($"addr replace {mark}/32 dev lo");
            return monitor.Output.Contains(mark, StringComparison.Ordinal);
        },
        TimeSpan.FromSeconds(60),
        () => "the kernel does not tell of addresses: " + monitor.Output);

    /// <summary>Process ids of a host's keepalived: the parent, the child; 0: none is written, or it is being written.</summary>
    public int[] Pids(int host) =>
        [.. ((string[])[Files(host).PidFile, Files(host).VrrpPidFile]).Select(file => File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.Integer, CultureInfo.InvariantCulture, out var pid) ? pid : 0)];

    /// <summary>What a host's log holds.</summary>
    public string Said(int host) => string.Join('\n', Logs[host].Messages.Select(message => message.Text));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
            await child.DisposeAsync();
        foreach (var process in _processes)
            process.Dispose();
        foreach (var host in Hosts.Append(Link))
            await host.EndAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static bool Has(string list, string address) => list.Contains($" {address}/", StringComparison.Ordinal);

    private Task BuildAsync() =>
        Run.LinesAsync([.. Hosts.Append(Link).Select(host => host.Made), Link.Ip("link add br0 type bridge mcast_snooping 0"), Link.Ip("link set br0 up"), .. Hosts.SelectMany(Connected)]);

    private string[] Connected(Host host, int number) =>
    [
        Link.Ip($"link add h{number} type veth peer name eth0 netns {host.Name}"),
        Link.Ip($"link set h{number} master br0 up"),
        host.Ip("link set eth0 up"),
        host.Ip($"addr add 10.8.0.1{number + 1}/24 dev eth0"),
        host.Ip($"addr add fd08::1{number + 1}/64 dev eth0 nodad"),
    ];
}
