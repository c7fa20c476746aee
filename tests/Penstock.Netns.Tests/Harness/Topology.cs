// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Reflection;

namespace Penstock.Netns.Tests.Harness;

/// <summary>
/// A client, a router, and on one link behind it the balancer and two real servers with nginx and `penstock decap`: the virtual addresses
/// are routed to the balancer, and every real server has them on its loopback interface. IPv6 addresses are fd09:1::2 for 10.9.1.2, and so on.
/// </summary>
internal sealed class Topology : IAsyncDisposable
{
    /// <summary>The virtual addresses.</summary>
    public const string Vip = "203.0.113.10", Vip6 = "2001:db8::10";

    // Room for the client's 1500 bytes within an outer IPv6 header and GUE.
    private const int LinkMtu = 1560;

    private static int s_next;

    private readonly string _id = $"{Environment.ProcessId}x{Interlocked.Increment(ref s_next)}";
    private readonly List<ChildProcess> _children = [];

    private Topology()
    {
        Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "penstock-netns-" + _id)).FullName;
        (Client, Router, Balancer) = (NewHost("c"), NewHost("r"), NewHost("b"));
        Servers = [NewHost("s1"), NewHost("s2")];
    }

    /// <summary>The client, 10.9.1.2.</summary>
    public Host Client { get; }

    /// <summary>The router, 10.9.1.1 and 10.9.2.1.</summary>
    public Host Router { get; }

    /// <summary>The balancer, 10.9.2.2.</summary>
    public Host Balancer { get; }

    /// <summary>Real servers, 10.9.2.11 and 10.9.2.12, with MAC addresses 02:00:00:00:00:11 and :12.</summary>
    public Host[] Servers { get; }

    /// <summary>Where files are.</summary>
    public string Folder { get; }

    /// <summary>Where compiled programs are.</summary>
    public string Programs { get; private set; } = "";

    /// <summary>The daemon's binary.</summary>
    public static string Penstock { get; } =
        Environment.GetEnvironmentVariable("PENSTOCK_BINARY")
        ?? typeof(Topology).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "PenstockBinary").Value!; // the project sets it

    /// <summary>Makes it.</summary>
    public static async Task<Topology> CreateAsync()
    {
        await SweepAsync();
        var topology = new Topology();
        try
        {
            await topology.BuildAsync();
            return topology;
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the configuration, and starts the daemon on the balancer.</summary>
    /// <param name="services">What is under l4.services, and sections behind l4.</param>
    public async Task<ChildProcess> StartDaemonAsync(string services)
    {
        Configure(services);
        return await StartDaemonAsync();
    }

    /// <summary>Starts the daemon on the balancer with the configuration that is there.</summary>
    public async Task<ChildProcess> StartDaemonAsync()
    {
        var child = Balancer.Start(Penstock, "run", "--config", Path.Combine(Folder, "penstock.yaml"), "--log-level", "debug");
        Keep(child);
        await Eventually.TrueAsync(
            () => Task.FromResult(child.HasExited || child.Output.Contains("ready: generation", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(60), () => child.Output);
        child.HasExited.ShouldBeFalse(child.Output);
        return child;
    }

    /// <summary>Gives the balancer its interface: at the start, and anew after it was deleted.</summary>
    public Task ConnectBalancerAsync() => Run.LinesAsync(
    [
        .. Connected(Balancer, "b0", "2", "2", "02:00:00:00:00:02", LinkMtu, bridge: true),
        Balancer.Ip("route add default via 10.9.2.1"),
        Balancer.Ip("route add default via fd09:2::1"),
        Router.Ip($"link set dev rb0 xdp obj {Programs}/pass.bpf.o sec xdp/pass"),
    ]);

    /// <summary>Has a process end with the topology.</summary>
    public void Keep(ChildProcess child)
    {
        lock (_children)
            _children.Add(child);
    }

    /// <summary>Writes the configuration.</summary>
    public void Configure(string services, string settings = "") => File.WriteAllText(Path.Combine(Folder, "penstock.yaml"), $"""
        node: lb1
        state: {Folder}/lib
        admin: {"{"}socket: {Folder}/admin.sock{"}"}
        l4:
          interface: b0
          program: {Programs}/xdp_lb.bpf.o
          pins: {Folder}/pins
        {settings}
          services:
        {services}
        """);

    /// <summary>Has the running daemon read its configuration again.</summary>
    public Task<string> ReloadAsync() => Run.OkAsync(Penstock, $"reload --socket {Folder}/admin.sock");

    /// <summary>The running daemon's status, as people see it.</summary>
    public Task<string> StatusAsync() => Run.OkAsync(Penstock, $"status --socket {Folder}/admin.sock");

    /// <summary>Asks the virtual address by real curls, one connection each; <paramref name="seconds"/> is how long each waits for its answer.</summary>
    /// <returns>How often each server has answered; what failed by curl's words.</returns>
    public async Task<Dictionary<string, int>> CurlAsync(int count, string url = $"http://{Vip}/", int seconds = 15)
    {
        var answers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var (code, output) = await Client.RunAsync("curl", "-sS", "--max-time", $"{seconds}", url);
            var answer = code == 0 ? output.Trim() : $"curl {code}";
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
        }

        return answers;
    }

    /// <summary>Puts load on the virtual address, a connection for each request, while something happens.</summary>
    /// <returns>Requests answered with 200, and everything else.</returns>
    public async Task<(int Good, string Bad)> UnderLoadAsync(int seconds, Func<Task> happening)
    {
        await using var hey = Client.Start("hey", "-z", string.Create(CultureInfo.InvariantCulture, $"{seconds}s"), "-c", "8", "-t", "5", "-disable-keepalive", $"http://{Vip}/");
        await Task.Delay(1000);
        await happening();
        await hey.WaitAsync(TimeSpan.FromSeconds(seconds + 20));
        var output = hey.Output;
        var statuses = output[output.IndexOf("Status code distribution:", StringComparison.Ordinal)..];
        var good = 0;
        var bad = new List<string>();
        foreach (var line in statuses.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith('[')))
        {
            if (line.StartsWith("[200]", StringComparison.Ordinal))
                good = int.Parse(line.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            else
                bad.Add(line);
        }

        return (good, string.Join('\n', bad));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
            await child.DisposeAsync();
        await RemoveAsync(Folder, ((Host[])[Client, Router, Balancer, .. Servers]).Select(host => host.Name));
    }

    // What a run that was killed has left: its process is in the names.
    private static async Task SweepAsync()
    {
        foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), "penstock-netns-*x*"))
        {
            var id = Path.GetFileName(folder)["penstock-netns-".Length..];
            if (!Directory.Exists($"/proc/{id.Split('x')[0]}"))
                await RemoveAsync(folder, Directory.GetFiles("/run/netns", $"pst{id}*").Select(path => Path.GetFileName(path)));
        }
    }

    private static async Task RemoveAsync(string folder, IEnumerable<string> hosts)
    {
        await Task.WhenAll(((string[])["pins", "s1/pins", "s2/pins"]).Select(pins => Path.Combine(folder, pins)).Where(Path.Exists).Select(pins => ChildProcess.RunAsync(Penstock, "detach", "--pins", pins)));
        foreach (var host in hosts)
            await ChildProcess.RunAsync("ip", "netns", "del", host);
        Directory.Delete(folder, recursive: true);
    }

    private async Task BuildAsync()
    {
        Programs = await Objects.FolderAsync();
        const string Forwards = "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv6.conf.all.forwarding=1";
        await Run.LinesAsync(
        [
            .. ((Host[])[Client, Router, Balancer, .. Servers]).Select(host => host.Made),
            Router.Ip("link add br0 type bridge"),
            Router.Ip("addr add 10.9.2.1/24 dev br0"),
            Router.Ip("addr add fd09:2::1/64 dev br0 nodad"),
            Router.Ip($"link set br0 up mtu {LinkMtu}"),
            .. Connected(Client, "c0", "1", "2", "02:00:00:00:00:c1", mtu: 1500, bridge: false),
            Router.Ip("addr add 10.9.1.1/24 dev rc0"),
            Router.Ip("addr add fd09:1::1/64 dev rc0 nodad"),
        ]);
        await ConnectBalancerAsync();
        await Run.LinesAsync(
        [
            .. Connected(Servers[0], "s1", "2", "11", "02:00:00:00:00:11", LinkMtu, bridge: true),
            .. Connected(Servers[1], "s2", "2", "12", "02:00:00:00:00:12", LinkMtu, bridge: true),
            Client.Ip("route add default via 10.9.1.1"),
            Client.Ip("route add default via fd09:1::1"),
            Router.Ip($"route add {Vip}/32 via 10.9.2.2"),
            Router.Ip($"route add {Vip6}/128 via fd09:2::2"),
            Router.Line(Forwards),
            Balancer.Line(Forwards),
        ]);
        await Task.WhenAll(Servers.Select(PrepareServerAsync));
    }

    private async Task PrepareServerAsync(Host server)
    {
        var device = server == Servers[0] ? "s1" : "s2";
        await Run.LinesAsync(
        [
            server.Ip("route add default via 10.9.2.1"),
            server.Ip("route add default via fd09:2::1"),
            server.Line("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.all.rp_filter=0"),
            server.Ip($"addr add {Vip}/32 dev lo"),
            server.Ip($"addr add {Vip6}/128 dev lo nodad"),
        ]);
        var folder = Directory.CreateDirectory(Path.Combine(Folder, device)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), $$"""
            daemon off; worker_processes 1; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events { worker_connections 8192; }
            http { access_log off; keepalive_timeout 300s; keepalive_requests 100000; client_body_temp_path {{folder}}; proxy_temp_path {{folder}};
              fastcgi_temp_path {{folder}}; uwsgi_temp_path {{folder}}; scgi_temp_path {{folder}};
              server { listen 80 backlog=4096; listen [::]:80 backlog=4096; listen 8080; listen [::]:8080; location / { return 200 "{{device}}\n"; } } }
            """);
        Keep(server.Start("nginx", "-c", Path.Combine(folder, "nginx.conf")));
        await server.OkAsync(Penstock, $"decap --interface {device} --pins {folder}/pins --program {Programs}/decap.bpf.o");
        await Eventually.TrueAsync(
            async () => (await server.RunAsync("curl", "-s", "http://127.0.0.1/")).ExitCode == 0, TimeSpan.FromSeconds(60), () => $"nginx of {device} does not answer");
    }

    private string[] Connected(Host host, string device, string link, string number, string mac, int mtu, bool bridge) =>
    [
        $"ip link add {device} netns {host.Name} address {mac} mtu {mtu} type veth peer name r{device} mtu {mtu} netns {Router.Name}",
        host.Ip($"addr add 10.9.{link}.{number}/24 dev {device}"),
        host.Ip($"addr add fd09:{link}::{number}/64 dev {device} nodad"),
        host.Line($"ethtool -K {device} tx off rx off"),
        Router.Line($"ethtool -K r{device} tx off rx off"),
        host.Ip($"link set {device} up"),
        Router.Ip($"link set r{device} {(bridge ? "master br0 " : "")}up"),
    ];

    private Host NewHost(string role) => new($"pst{_id}{role}");
}
