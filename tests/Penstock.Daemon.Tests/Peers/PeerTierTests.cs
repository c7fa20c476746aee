// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane;
using Penstock.Daemon.Peers;
using Penstock.Model;
using Penstock.Model.Bgp;
using Penstock.Model.L4;
using Penstock.Model.Peers;
using Penstock.Model.Vrrp;
using Penstock.Tests;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>Two hosts in one process.</summary>
public sealed class PeerTierTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-peers-").FullName;
    private readonly TestAuthority _authority;
    private readonly int[] _ports = [FreePort.Next(), FreePort.Next()];
    private readonly VrrpRole[] _roles = [VrrpRole.Master, VrrpRole.Backup];
    private readonly bool[] _draining = [false, false];
    private readonly BgpStatus[] _bgp = [BgpStatus.None, BgpStatus.None];
    private readonly PeerTier[] _tiers;

    public PeerTierTests()
    {
        _authority = new TestAuthority(_folder);
        _authority.Sign(["lb1"]);
        _authority.Sign(["lb2"]);
        _tiers = [.. Enumerable.Range(0, 2).Select(host => new PeerTier(() => Vrrp(_roles[host]), () => _bgp[host], () => _draining[host] ? PeerReport.Draining : PeerReport.Running, NullLoggerFactory.Instance, TimeProvider.System))];
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var tier in _tiers)
            await tier.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Hosts_ThatAreWell_KnowOneAnother_AndWhereTheyDiffer()
    {
        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 2));
        await UntilAsync(0, status => status.Peers is [{ State: PeerState.Up }] && status.Warnings.Count == 1);

        var status = _tiers[0].Status();
        status.Warnings.ShouldBe(["the configuration differs from that of peer lb2 in 1 key: l4.hash_seed"]);
        status.Peers[0].Vrrp.ShouldHaveSingleItem().ShouldBe(new PeerRole("edge", VrrpRole.Backup, Since: null, 100));

        // A reload that mends it is noticed by both; then both become master.
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await UntilAsync(0, now => now.Warnings.Count == 0);
        _roles[1] = VrrpRole.Master;
        await UntilAsync(0, now => now.Warnings.Any(warning => warning.StartsWith("split brain: VRRP instance edge", StringComparison.Ordinal)));
        await UntilAsync(1, now => now.Warnings.Any(warning => warning.StartsWith("split brain: VRRP instance edge", StringComparison.Ordinal)));
        _roles[1] = VrrpRole.Backup;
        await UntilAsync(0, now => now.Warnings.Count == 0);

        // Without peers nothing is known of them.
        _tiers[0].Follow(new Snapshot(9, Snapshot(0, seed: 1).Config with { Peers = null }, ImmutableDictionary<string, ClusterEndpoints>.Empty));
        _tiers[0].Status().Peers.ShouldBeEmpty();
        await UntilAsync(1, now => now.Peers is [{ State: PeerState.Down }]);
    }

    [Fact]
    public async Task Listen_OnAnAddressThatIsNotThere_IsReported_AndTriedAgain()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, _ports[0]));
        taken.Listen();
        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await UntilAsync(0, status => status.Peers is [{ State: PeerState.Up }] && status.Warnings.Any(warning => warning.StartsWith($"peers.listen: 127.0.0.1:{_ports[0]}: ", StringComparison.Ordinal)));
        taken.Close();

        await UntilAsync(0, status => status.Warnings.Count == 0);
        await UntilAsync(1, status => status.Peers is [{ State: PeerState.Up }]);
    }

    [Fact]
    public async Task Certificate_ThatIsGone_LeavesTheOneBefore()
    {
        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await UntilAsync(1, status => status.Peers is [{ State: PeerState.Up }]);
        File.Move(Path.Combine(_folder, "lb1.key"), Path.Combine(_folder, "away"));
        _tiers[0].Follow(Snapshot(0, seed: 1));
        await UntilAsync(0, status => status.Warnings.Any(warning => warning.EndsWith("the certificate read before holds on", StringComparison.Ordinal)));
        _tiers[1].Status().Peers[0].State.ShouldBe(PeerState.Up);
        File.Move(Path.Combine(_folder, "away"), Path.Combine(_folder, "lb1.key"));

        await UntilAsync(0, status => status.Warnings.Count == 0);
    }

    [Fact]
    public async Task Certificate_ThatHasEnded_IsSaidByBothHosts()
    {
        _authority.Sign(["lb1"], days: -1);
        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 1));

        await UntilAsync(0, status => status.Warnings.Any(warning => warning.StartsWith("the certificate of this host has ended at 20", StringComparison.Ordinal)));
        await UntilAsync(1, status => status.Peers is [{ State: PeerState.Down }] && status.Peers[0].Reason.StartsWith("the certificate of lb1 is valid from ", StringComparison.Ordinal));

        // A good one brings it back, whatever was thought of it.
        _authority.Sign(["lb1"]);
        _tiers[0].Follow(Snapshot(0, seed: 1));
        await UntilAsync(0, status => status.Warnings.Count == 0);
        await UntilAsync(1, status => status.Peers is [{ State: PeerState.Up }]);
    }

    [Fact]
    public async Task Host_ThatDrains_IsSoForBoth_AndHearsWhenThatCounts()
    {
        IPAddress[] hosts = [IPAddress.Parse("192.0.2.11"), IPAddress.Parse("192.0.2.12")];
        var changes = 0;
        _tiers[1].ProxiesChanged = () => Interlocked.Increment(ref changes);
        _tiers[0].Follow(Tier(0, EndpointState.Ready));
        _tiers[1].Follow(Tier(1, EndpointState.Ready));
        await EventuallyAsync(() => _tiers.All(tier => tier.Proxies.Count == 2 && tier.Proxies.Values.All(proxy => proxy.State == EndpointState.Ready)));
        await EventuallyAsync(() => _tiers[0].IsBackedUp("edge") == true);
        _tiers[1].IsBackedUp("edge").ShouldBe(false, "the other is master");

        (_draining[0], changes) = (true, 0);
        _tiers[0].Drain(drains: true);
        _tiers[0].Proxies[hosts[0]].ShouldBe(new ProxyState(EndpointState.Drain, "this host drains"));
        await EventuallyAsync(() => _tiers[1].Proxies[hosts[0]] == new ProxyState(EndpointState.Drain, "lb1 drains"));
        changes.ShouldBe(1);
        _tiers[0].Untold().ShouldBe(["lb2"], "its services still have it ready");

        _tiers[1].Follow(Tier(1, EndpointState.Drain));
        await EventuallyAsync(() => _tiers[0].Untold().Count == 0);
        await _tiers[0].UntilToldAsync(TimeSpan.FromMinutes(1), CancellationToken.None);

        _draining[0] = false;
        _tiers[0].Drain(drains: false);
        await EventuallyAsync(() => _tiers[1].Proxies[hosts[0]].State == EndpointState.Ready);

        Snapshot Tier(int host, EndpointState first)
        {
            BackendConfig[] backends = [.. hosts.Select(address => new BackendConfig { Address = address })];
            var service = new ServiceConfig { Name = "web", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), Forwarding = Forwarding.L7, Backends = [.. backends] };
            var snapshot = Snapshot(host, seed: 1);
            var peers = snapshot.Config.Peers! with { Proxy = hosts[host], Hosts = [snapshot.Config.Peers.Hosts[0] with { Proxy = hosts[1 - host] }] }; // it has them
            return snapshot with
            {
                Config = snapshot.Config with { Peers = peers, L4 = snapshot.Config.L4 with { Services = [service] } },
                Services = snapshot.Services.Add("web", [new BackendStatus(backends[0], first), new BackendStatus(backends[1], EndpointState.Ready)]),
            };
        }
    }

    [Fact]
    public async Task RouterId_ThatTwoHostsHave_IsSaidByBoth_UntilOneHasAnother()
    {
        _tiers[0].Follow(Router(0, "192.0.2.11"));
        _tiers[1].Follow(Router(1, "192.0.2.11"));

        await UntilAsync(0, status => status.Warnings is ["peer lb2 has bgp.router_id 192.0.2.11, as this host has: routers take the two for one; give each its own"]);
        await UntilAsync(1, status => status.Warnings is ["peer lb1 has bgp.router_id 192.0.2.11, as this host has: routers take the two for one; give each its own"]);
        Shared().ShouldBe([("lb1", 1), ("lb2", 1)], ignoreOrder: true);

        _tiers[1].Follow(Router(1, "192.0.2.12"));
        await UntilAsync(0, status => status.Peers is [{ State: PeerState.Up }] && status.Warnings.Count == 0);
        await UntilAsync(1, status => status.Warnings.Count == 0);
        Shared().ShouldBe([("lb1", 0), ("lb2", 0)], ignoreOrder: true);

        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await EventuallyAsync(() => Shared().Length == 0);
        _tiers[0].Status().Warnings.ShouldBeEmpty("neither has one");

        static (string Peer, int Value)[] Shared() => Measured("penstock.bgp.router_id_shared");
    }

    [Fact]
    public async Task Address_IsShownAsEachHostAnnouncesIt_AndThatNoneDoes()
    {
        (_bgp[0], _bgp[1]) = (Announcing(true), Announcing(true));
        _tiers[0].Follow(Snapshot(0, seed: 1));
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await UntilAsync(0, status => status.Peers is [{ Bgp: { SessionsUp: 1, Sessions: 1, Addresses: [{ Address: "203.0.113.20", Announced: true }] } }] && status.Warnings.Count == 0);

        (_bgp[0], _bgp[1]) = (Announcing(false), Announcing(false));
        await UntilAsync(0, status => status.Peers is [{ Bgp.Addresses: [{ Announced: false }] }] && status.Warnings is [var only] && only.StartsWith("no host announces 203.0.113.20, ", StringComparison.Ordinal));
        await UntilAsync(1, status => status.Warnings is [var only] && only.StartsWith("no host announces 203.0.113.20, ", StringComparison.Ordinal));
        Measured("penstock.bgp.announced_nowhere").ShouldBe([("203.0.113.20", 1), ("203.0.113.20", 1)]);

        _bgp[1] = Announcing(true);
        await UntilAsync(0, status => status.Warnings.Count == 0);
        await UntilAsync(1, status => status.Warnings.Count == 0);
        Measured("penstock.bgp.announced_nowhere").ShouldBe([("203.0.113.20", 0), ("203.0.113.20", 0)]);

        static BgpStatus Announcing(bool announced) => new(
            BgpPhase.Serving,
            [new BgpNeighborStatus("tor1", "192.0.2.1", 65000, "established", Since: null, LastError: null, Bfd: null)],
            [new BgpAddressStatus("203.0.113.20", announced, [])],
            new BirdStatus(1, [], ImmutableSortedDictionary<string, long>.Empty, 0),
            []);
    }

    [Fact]
    public async Task Certificates_ThatEndSoon_AreInStatusAndMetrics()
    {
        _authority.Sign(["lb1"], days: 5);
        using var soon = new TestAuthority(_folder, "soon", days: 10);
        File.AppendAllText(_authority.CaFile, File.ReadAllText(soon.CaFile));

        _tiers[0].Follow(Snapshot(0, seed: 1));
        await UntilAsync(0, status => status.Warnings.Count(warning => warning.Contains(" ends at ", StringComparison.Ordinal)) == 2);

        _tiers[0].Status().Warnings.ShouldContain(warning => warning.StartsWith("the certificate of this host ends at ", StringComparison.Ordinal));
        _tiers[0].Status().Warnings.ShouldContain(warning => warning.StartsWith($"peers: the certificate of soon of tests in {_authority.CaFile} ends at ", StringComparison.Ordinal));
        var measured = Counted("penstock.peer.certificate.expiry");
        foreach (var (tags, days) in new[] { ($"peers certificate {Path.Combine(_folder, "lb1.crt")}", 5), ($"peers ca {_authority.CaFile}", 10) })
            DateTimeOffset.FromUnixTimeSeconds(measured.Single(one => one.Tags == tags).Value).ShouldBe(DateTimeOffset.UtcNow.AddDays(days), TimeSpan.FromHours(1));
        DateTimeOffset.FromUnixTimeSeconds(Counted("penstock.peer.certificate.warning").Single(one => one.Tags == $"peers ca {_authority.CaFile}").Value)
            .ShouldBe(DateTimeOffset.UtcNow.AddDays(10 - 14), TimeSpan.FromHours(1));
    }

    [Fact]
    public void Document_HasEveryMetric() => DocumentedMetrics.In("peers.md").ShouldBe(
        DocumentedMetrics.Of("Penstock.Peers", () => new PeerMeter(() => [], () => null, () => [], () => [], () => [], () => [], () => [], () => [])), ignoreOrder: true);

    [Fact]
    public async Task Metrics_TellOfQuestionsThatFail_ClientsThatAreRefused_AndInstancesWithoutAMaster()
    {
        _tiers[0].Follow(Snapshot(0, seed: 1));
        await UntilAsync(0, status => status.Peers is [{ State: PeerState.Down }]);
        Counted("penstock.peer.failures").ShouldContain(one => one.Tags == "lb2 refused" && one.Value > 0);

        using (var stranger = new TestAuthority(_folder, "stranger"))
        {
            var (ca, seed) = (Path.Combine(_folder, "stranger.crt"), Snapshot(1, seed: 1));
            stranger.Sign(["lb2"]);
            _tiers[1].Follow(seed with { Config = seed.Config with { Peers = seed.Config.Peers! with { Ca = ca } } });
            await UntilAsync(1, status => status.Peers is [{ State: PeerState.Down }]);
        }

        await EventuallyAsync(() => Counted("penstock.peer.refusals").Any(one => one.Value > 0));
        _authority.Sign(["lb2"]);
        _roles[0] = VrrpRole.Backup;
        _tiers[1].Follow(Snapshot(1, seed: 1));
        await UntilAsync(0, status => status.Warnings.Any(warning => warning.StartsWith("no master: VRRP instance edge", StringComparison.Ordinal)));
        Measured("penstock.vrrp.no_master").ShouldContain(("edge", 1));
    }

    private static (string Tags, long Value)[] Counted(string name)
    {
        var found = new List<(string, long)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, collector) =>
            {
                if (instrument.Name == name)
                    collector.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => found.Add((string.Join(' ', tags.ToArray().Select(tag => tag.Value)), value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. found];
    }

    // Of the tiers of this test: others of this class run before or after it.
    private static (string Tag, int Value)[] Measured(string name)
    {
        var found = new List<(string, int)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, collector) =>
            {
                if (instrument.Name == name)
                    collector.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) => found.Add(((string)tags[0].Value!, value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. found];
    }

    private Snapshot Router(int host, string id)
    {
        var snapshot = Snapshot(host, seed: 1);
        var bgp = new BgpConfig { Asn = 65010, RouterId = IPAddress.Parse(id), Addresses = [new BgpAddressConfig { Address = IPAddress.Parse("203.0.113.20") }], Neighbors = [] };
        return snapshot with { Config = snapshot.Config with { Bgp = bgp } };
    }

    private static VrrpStatus Vrrp(VrrpRole role) =>
        new([new VrrpInstanceStatus("edge", "eth0", 51, role, Since: null, 100, 0, [], ["203.0.113.10/24"], 0)], [], []);

    private Snapshot Snapshot(int host, int seed) => new(
        1,
        new ApplianceConfig
        {
            Node = $"lb{host + 1}",
            L4 = new L4Config { HashSeed = seed },
            Vrrp =
            [
                new VrrpInstanceConfig
                {
                    Name = "edge",
                    Interface = "eth0",
                    RouterId = 51,
                    AdvertInterval = TimeSpan.FromMilliseconds(100),
                    Addresses = [new VrrpAddressConfig { Address = new InterfaceAddress(IPAddress.Parse("203.0.113.10"), 24) }],
                },
            ],
            Peers = new PeersConfig
            {
                Listen = SocketEndpoint.Ip(IPAddress.Loopback, _ports[host]),
                Certificate = $"{_folder}/lb{host + 1}.crt",
                Key = $"{_folder}/lb{host + 1}.key",
                Ca = _authority.CaFile,
                Hosts = [new PeerHostConfig { Name = $"lb{2 - host}", Address = SocketEndpoint.Ip(IPAddress.Loopback, _ports[1 - host]) }],
                Interval = TimeSpan.FromMilliseconds(100),
                Timeout = TimeSpan.FromSeconds(20),
            },
        },
        ImmutableDictionary<string, ClusterEndpoints>.Empty);

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        var waiting = Stopwatch.StartNew();
        while (!holds())
        {
            waiting.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
            await Task.Delay(10);
        }
    }

    private async Task UntilAsync(int host, Func<PeersStatus, bool> holds)
    {
        var waiting = Stopwatch.StartNew();
        while (!holds(_tiers[host].Status()))
        {
            waiting.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), string.Join('\n', _tiers[host].Status().Warnings));
            await Task.Delay(10);
        }
    }
}
