// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Netns.Tests;

/// <summary>Two daemons with their keepaliveds on one link, and a second link on which they tell one another how they are.</summary>
public sealed class PeerDaemonTests
{
    private const string Weight = "weight: 1";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task Status_OnEitherHost_ShowsBoth_AndWhatIsWrongBetweenThem()
    {
        await using var lan = await VrrpLan.CreateAsync();
        using var authority = new TestAuthority(lan.Folder);
        await ConnectAsync(lan, authority);
        var first = await lan.StartDaemonAsync(0);
        await lan.OwnerAsync(0);
        var second = await lan.StartDaemonAsync(1);

        await SaysAsync(lan, 0, "^lb2 +10.9.0.12:9465 +up +20", "^edge +MASTER +BACKUP ");
        await SaysAsync(lan, 1, "^lb1 +10.9.0.11:9465 +up +20", "^edge +BACKUP +MASTER ");
        await SilentAsync(lan, 0);
        await MeasuresAsync(lan, 0, "penstock_peer_up{peer=\"lb2\"} 1\n");

        // The link between them no longer carries adverts, their own link still works: both are master, and both say so.
        await lan.Link.IpAsync("link set h0 nomaster");
        await SaysAsync(lan, 0, "^edge +MASTER +MASTER ", "^warning: split brain: VRRP instance edge is MASTER on this host and on lb2 since 20");
        await SaysAsync(lan, 1, "^edge +MASTER +MASTER ", "^warning: split brain: VRRP instance edge is MASTER on this host and on lb1 since 20");
        await MeasuresAsync(lan, 1, "penstock_vrrp_split_brain{instance=\"edge\"} 1\n");
        await lan.Link.IpAsync("link set h0 master br0");
        await lan.OwnerAsync(0);
        await SaysAsync(lan, 1, "^edge +BACKUP +MASTER ", "^edge");
        await SilentAsync(lan, 0);
        await SilentAsync(lan, 1);
        await MeasuresAsync(lan, 1, "penstock_vrrp_split_brain{instance=\"edge\"} 0\n");
        await Eventually.TrueAsync(() => Task.FromResult(second.Output.Contains("VRRP instance edge has one master again", StringComparison.Ordinal)), s_patience, () => second.Output);

        // A service that differs is named, on either host, until it does not.
        Configure(lan, 1, "weight: 2");
        await lan.ReloadAsync(1);
        await SaysAsync(lan, 0, "^lb2 .* 1 key$", @"^warning: the configuration differs from that of peer lb2 in 1 key: l4.services\[web\].backends\[10.8.0.1\].weight");
        await SaysAsync(lan, 1, @"^warning: the configuration differs from that of peer lb1 in 1 key: l4.services\[web\].backends\[10.8.0.1\].weight", "^edge");
        await MeasuresAsync(lan, 0, "penstock_config_differs{peer=\"lb2\"} 1\n");
        Configure(lan, 1);
        await lan.ReloadAsync(1);
        await SilentAsync(lan, 0);
        await SilentAsync(lan, 1);

        // A certificate that the other does not believe: both say why, and neither is harmed. A good one is taken up by a reload.
        using (var stranger = new TestAuthority(lan.Folder, "stranger"))
            stranger.Sign(["lb2"]);
        Configure(lan, 1, ca: "stranger.crt");
        await lan.ReloadAsync(1);
        await SaysAsync(lan, 0, "^lb2 +10.9.0.12:9465 +down ", "^warning: peer lb2 at 10.9.0.12:9465 is down since .*: the certificate of lb2 is not signed by the CA");
        await SaysAsync(lan, 1, "^warning: peer lb1 at 10.9.0.11:9465 is down since .*: the certificate of lb1 is not signed by the CA", "^edge +BACKUP +\\? ");
        authority.Sign(["lb2"]);
        Configure(lan, 1);
        await lan.ReloadAsync(1);
        await SaysAsync(lan, 0, "^lb2 +10.9.0.12:9465 +up ", "^edge +MASTER +BACKUP ");

        // A peer that is gone harms nothing.
        second.Signal(9);
        await second.WaitAsync(s_patience);
        await SaysAsync(lan, 0, "^edge +MASTER +\\? ", "^warning: peer lb2 at 10.9.0.12:9465 is down since .*: the connection is refused");
        await MeasuresAsync(lan, 0, "penstock_peer_up{peer=\"lb2\"} 0\n");
        await lan.OwnerAsync(0);
        first.HasExited.ShouldBeFalse(first.Output);
    }

    private static async Task ConnectAsync(VrrpLan lan, TestAuthority authority)
    {
        await lan.Hosts[0].IpAsync($"link add eth1 type veth peer name eth1 netns {lan.Hosts[1].Name}");
        for (var i = 0; i < lan.Hosts.Length; i++)
        {
            await lan.Hosts[i].IpAsync("link set eth1 up");
            await lan.Hosts[i].IpAsync($"addr add 10.9.0.1{i + 1}/24 dev eth1");
            await lan.Hosts[i].OkAsync("sysctl", "-qw net.ipv4.ip_nonlocal_bind=1");
            authority.Sign([$"lb{i + 1}"]);
            Configure(lan, i);
        }
    }

    private static void Configure(VrrpLan lan, int host, string weight = Weight, string ca = "ca.crt")
    {
        var folder = Directory.CreateDirectory(Path.Combine(lan.Folder, $"{host}")).FullName;
        var files = lan.Files(host);
        File.WriteAllText(Path.Combine(folder, "penstock.yaml"), $$"""
            node: lb{{host + 1}}
            state: {{folder}}/lib
            shutdown_timeout: 1s
            admin: {socket: {{folder}}/admin.sock}
            metrics: {bind: "unix:{{folder}}/metrics.sock"}
            peers:
              listen: 10.9.0.1{{host + 1}}
              certificate: {{lan.Folder}}/lb{{host + 1}}.crt
              key: {{lan.Folder}}/lb{{host + 1}}.key
              ca: {{lan.Folder}}/{{ca}}
              hosts: [{name: lb{{2 - host}}, address: 10.9.0.1{{2 - host}}}]
              interval: 200ms
            vrrp: [{name: edge, interface: eth0, router_id: 50, priority: {{(host == 0 ? 150 : 100)}}, advert_interval: 100ms, addresses: [{{VrrpLan.Vip}}/24, "{{VrrpLan.Vip6}}/64"]}]
            keepalived: {run: {{Path.GetDirectoryName(files.Run)}}, state: {{files.State}}}
            l4:
              engine: userspace
              services: [{name: web, listen: "tcp://{{VrrpLan.Vip}}:81", forwarding: nat, backends: [{address: 10.8.0.1, {{weight}}}]}]
            """);
    }

    private static async Task<string> MetricsAsync(VrrpLan lan, int host)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{lan.Folder}/{host}/metrics.sock"), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await http.GetStringAsync(new Uri("http://penstock/metrics"));
    }

    private static async Task MeasuresAsync(VrrpLan lan, int host, string line)
    {
        var last = "";
        await Eventually.TrueAsync(async () => (last = await MetricsAsync(lan, host)).Contains(line, StringComparison.Ordinal), s_patience, () => $"no {line} in:\n{last}");
    }

    private static Task SaysAsync(VrrpLan lan, int host, params string[] lines) => UntilAsync(
        lan, host, status => Array.TrueForAll(lines, line => Regex.IsMatch(status, line, RegexOptions.Multiline | RegexOptions.NonBacktracking)));

    private static Task SilentAsync(VrrpLan lan, int host) => UntilAsync(lan, host, status => !status.Contains("warning:", StringComparison.Ordinal));

    private static async Task UntilAsync(VrrpLan lan, int host, Func<string, bool> holds)
    {
        var last = "";
        await Eventually.TrueAsync(
            async () =>
            {
                last = await lan.StatusAsync(host);
                return holds(last);
            },
            s_patience,
            () => last);
    }
}
