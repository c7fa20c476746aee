// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.Bgp;
using Penstock.Tests;
using Penstock.Vrrp.Bgp;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed partial class BgpTierTests : IDisposable
{
    private static readonly IPAddress s_vip = IPAddress.Parse("203.0.113.10"), s_lease = LeaseAddress.Of(AddressFamily.InterNetwork).Own;

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-bgp-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly FakeLoopback _lo = new();
    private readonly List<FakeBird> _birds = [];
    private readonly BgpTier _tier;

    public BgpTierTests() => _tier = Tier();

    private FakeBird Bird => _birds[^1];

    public void Dispose()
    {
        _tier.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Addresses_AreOnLo_BeforeTheyAreAnnounced()
    {
        var snapshot = Snapshot(SomeBgp.Config());
        _tier.Prepare(snapshot);
        _lo.Has[s_vip].ShouldBeNull("it is there, and has no end");
        _birds.ShouldBeEmpty();

        _tier.Apply(snapshot);

        Bird.Text.ShouldContain("route 203.0.113.10/32");
        _lo.Has.ShouldNotContainKey(s_lease, "nothing is announced before the daemon is known to run");
        _tier.Renew();
        _lo.Has[s_lease].ShouldBe(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Address_ThatTheHostHasAnyway_IsLeftAlone()
    {
        var foreign = IPAddress.Parse("203.0.113.11");
        _lo.Has[foreign] = null;
        Apply(Snapshot(SomeBgp.Config("203.0.113.10", "203.0.113.11", "203.0.113.12")));

        Apply(Snapshot(SomeBgp.Config()));

        _lo.Has.Keys.ShouldBe([s_vip, foreign], ignoreOrder: true);
        Apply(Snapshot(bgp: null));
        _lo.Has.Keys.ShouldBe([foreign]);
        Bird.IsStopped.ShouldBeTrue();
    }

    [Fact]
    public void Addresses_OfADaemonBefore_AreItsNexts()
    {
        Apply(Snapshot(SomeBgp.Config("203.0.113.10", "203.0.113.11")));
        _tier.Dispose();
        using var next = Tier();

        Apply(Snapshot(SomeBgp.Config()), next);

        _lo.Has.Keys.ShouldBe([s_vip]);
    }

    [Fact]
    public void Address_ThatIsNotWell_IsWithdrawn_AndStaysOnLo()
    {
        var config = SomeBgp.Config("203.0.113.10", "203.0.113.11");
        config = config with { Addresses = config.Addresses.SetItem(0, config.Addresses[0] with { Track = new BgpTrackConfig { Services = [new BgpTrackHealth { Name = "web" }] } }) };
        var good = Snapshot(config);
        Apply(good);

        Apply(good with { Services = good.Services.Add("web", [Some.Backend("10.0.0.1", 1, EndpointState.Down)]) });

        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
        Bird.Text.ShouldContain("route 203.0.113.11/32");
        _lo.Has.ShouldContainKey(s_vip);
        _tier.Status().Addresses[0].Why.ShouldBe(["service web: 0% is ready, 1% is asked for"]);
        _tier.Status().Warnings.ShouldContain("address 203.0.113.10 is withdrawn: service web: 0% is ready, 1% is asked for");
        Apply(good);
        Bird.Text.ShouldContain("route 203.0.113.10/32");
    }

    [Fact]
    public void Change_ThatBirdDoesNotTake_IsTriedAgain()
    {
        var good = Snapshot(SomeBgp.Config() with { Track = new BgpTrackConfig { Services = [new BgpTrackHealth { Name = "web" }] } });
        Apply(good);
        Bird.Fails = true;
        Apply(good with { Services = good.Services.Add("web", [Some.Backend("10.0.0.1", 1, EndpointState.Down)]) });
        Bird.Text.ShouldContain("route 203.0.113.10/32");

        Bird.Fails = false;
        _time.Advance(TimeSpan.FromSeconds(5));

        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
    }

    [Fact]
    public void Drain_SaysSo_ThenWithdraws_AndComesBack()
    {
        Apply(Snapshot(SomeBgp.Config()));

        _tier.Drain(isDrained: true);
        Bird.Text.ShouldContain("bgp_community.add((65535, 0))");
        Bird.Text.ShouldContain("route 203.0.113.10/32");
        _time.Advance(TimeSpan.FromSeconds(4));
        Bird.Text.ShouldContain("route 203.0.113.10/32");
        _time.Advance(TimeSpan.FromSeconds(1));
        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
        _tier.Status().Phase.ShouldBe(BgpPhase.Left);

        Apply(Snapshot(SomeBgp.Config() with { Med = 7 }));
        Bird.Text.ShouldNotContain("route 203.0.113.10/32", Case.Sensitive, "a reload does not undo it");
        _tier.Drain(isDrained: false);
        Bird.Text.ShouldContain("route 203.0.113.10/32");
        Bird.Text.ShouldNotContain("(65535, 0)");
    }

    [Fact]
    public void Drain_BeforeTheStart_AnnouncesNothing()
    {
        _tier.Drain(isDrained: true);

        Apply(Snapshot(SomeBgp.Config()));

        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
        _lo.Has.ShouldContainKey(s_vip);
    }

    [Fact]
    public void Configuration_ThatBirdRefuses_ChangesNothing()
    {
        Apply(Snapshot(SomeBgp.Config()));
        var text = Bird.Text;
        Bird.Refuses = true;

        Should.Throw<AddressApplyException>(() => Apply(Snapshot(SomeBgp.Config("203.0.113.10", "203.0.113.11"))));
        Bird.Refuses = false;
        Bird.Fails = true;
        Should.Throw<AddressApplyException>(() => Apply(Snapshot(SomeBgp.Config("203.0.113.10", "203.0.113.11"))));

        Bird.Text.ShouldBe(text);
        Bird.IsStopped.ShouldBeFalse();
        _lo.Has.Keys.ShouldBe([s_vip]);
        _tier.Status().Addresses.Length.ShouldBe(1);
    }

    [Fact]
    public void FirstConfiguration_ThatDoesNotStart_LeavesNothing_UnlessItRanBefore()
    {
        _starting = () => Bird.Fails = true;
        Should.Throw<AddressApplyException>(() => Apply(Snapshot(SomeBgp.Config())));
        _lo.Has.ShouldBeEmpty();
        Bird.IsStopped.ShouldBeTrue();

        _starting = () => (Bird.Fails, Bird.Pid) = (true, 7);
        Should.Throw<AddressApplyException>(() => Apply(Snapshot(SomeBgp.Config())));
        Bird.IsStopped.ShouldBeFalse("a daemon before has left it, and its sessions are in use");
    }

    [Fact]
    public void Password_ThatIsNotThere_IsNamed()
    {
        var config = SomeBgp.Config();
        var error = Should.Throw<AddressApplyException>(() => Apply(Snapshot(config with { Neighbors = [config.Neighbors[0] with { PasswordFile = "/no/such" }] })));

        error.Message.ShouldContain("/no/such");
    }

    [Fact]
    public void Lease_OfADaemonThatEnds_IsItsLast()
    {
        Apply(Snapshot(SomeBgp.Config()));
        _tier.Renew();

        _tier.StayForRestart();
        _lo.Has[s_lease].ShouldBe(TimeSpan.FromSeconds(30));
        _tier.Renew();
        _lo.Has[s_lease].ShouldBe(TimeSpan.FromSeconds(30), "a renewal that was under way does not shorten it");

        _tier.GiveUp();
        _lo.Has.Keys.ShouldBe([s_vip]);
    }

    [Fact]
    public async Task HandOver_WaitsUntilItIsWithdrawn()
    {
        Apply(Snapshot(SomeBgp.Config()));
        var leaving = _tier.HandOverAsync(CancellationToken.None);
        _tier.Status().Phase.ShouldBe(BgpPhase.Leaving);

        while (!leaving.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        (await leaving).ShouldBeEmpty();
        Bird.Text.ShouldNotContain("route 203.0.113.10/32");
    }

    [Fact]
    public async Task HandOver_EndsTheLease_WhateverBirdDoes()
    {
        Apply(Snapshot(SomeBgp.Config()));
        _tier.Renew();
        Bird.Fails = true;
        var leaving = _tier.HandOverAsync(CancellationToken.None);

        while (!leaving.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        _lo.Has.Keys.ShouldBe([s_vip]);
        _tier.Renew();
        _lo.Has.Keys.ShouldBe([s_vip]);
    }

    [Fact]
    public void Drain_ThatBirdDoesNotHearOf_IsToldAgain()
    {
        Apply(Snapshot(SomeBgp.Config() with { GracefulShutdown = TimeSpan.FromSeconds(60) }));
        Bird.Fails = true;
        _tier.Drain(isDrained: true);
        Bird.Fails = false;

        _time.Advance(TimeSpan.FromSeconds(5));

        Bird.Text.ShouldContain("bgp_community.add((65535, 0))");
        Bird.Text.ShouldContain("route 203.0.113.10/32");
    }

    [Fact]
    public void Address_ThatSomebodyTakesOffLo_IsPutBack()
    {
        Apply(Snapshot(SomeBgp.Config()));
        _lo.Has.Remove(s_vip);

        _tier.Renew();

        _lo.Has.ShouldContainKey(s_vip);
    }

    [Fact]
    public void Lease_OfAFamilyThatIsOff_CostsTheOtherNothing()
    {
        _lo.Refuses = AddressFamily.InterNetworkV6;
        var lease = new BgpLease(_lo);

        Should.Throw<NetlinkException>(() => lease.Hold([AddressFamily.InterNetworkV6, AddressFamily.InterNetwork], TimeSpan.FromSeconds(3)));

        _lo.Has.Keys.ShouldBe([s_lease]);
    }

    [Fact]
    public void Leftovers_ThatAnotherHas_KeepNobodyFromStarting()
    {
        Apply(Snapshot(SomeBgp.Config()));
        var folder = new BirdFolder(Snapshot(bgp: null).Config.Bird);
        Directory.CreateDirectory(Path.GetDirectoryName(folder.ConfigFile)!);
        File.WriteAllText(folder.ConfigFile, "");
        using var other = new BgpTier(_ => throw new AddressApplyException("another process runs it"), () => _lo, NullLoggerFactory.Instance, _time);

        other.Apply(Snapshot(bgp: null));

        _lo.Has.ShouldContainKey(s_vip);
    }

    [Fact]
    public void Status_SaysWhoIsToldOfWhat()
    {
        Apply(Snapshot(SomeBgp.Config()));
        _tier.Status().Addresses.ShouldHaveSingleItem().Why.ShouldBe(["bird does not run"]);
        _tier.Status().Warnings.ShouldBe(["bird does not run: no router is told of this host's addresses"]);

        (Bird.Pid, Bird.Sessions) = (7, [new BirdSession("tor1", "Active", null, "Socket: Connection refused", null)]);
        _tier.Renew();
        _tier.Status().Warnings.ShouldBe(["no BGP session is established: no router is told of this host's addresses", "BGP session with tor1 is not established: Socket: Connection refused"]);
        _tier.Status().Neighbors.ShouldHaveSingleItem().State.ShouldBe("active");

        Bird.Sessions = [new BirdSession("tor1", "Established", DateTimeOffset.UnixEpoch, null, null)];
        _tier.Status().Addresses.ShouldHaveSingleItem().ShouldSatisfyAllConditions(one => one.Announced.ShouldBeTrue(), one => one.Why.ShouldBeEmpty());
        _tier.Status().Warnings.ShouldBeEmpty();

        _time.Advance(TimeSpan.FromSeconds(4));
        _tier.Status().Addresses.ShouldHaveSingleItem().Announced.ShouldBeFalse("the daemon has not renewed its lease");
    }

    private Action _starting = () => { };

    private static Snapshot Snapshot(BgpConfig? bgp, string folder) => new(
        1,
        new ApplianceConfig { Node = "lb1", Bgp = bgp, Bird = new BirdConfig { Run = Path.Combine(folder, "run"), State = Path.Combine(folder, "state") } },
        ImmutableDictionary.Create<string, ClusterEndpoints>(StringComparer.Ordinal));

    private Snapshot Snapshot(BgpConfig? bgp) => Snapshot(bgp, _folder);

    // As the daemon does it.
    private void Apply(Snapshot snapshot, BgpTier? tier = null)
    {
        tier ??= _tier;
        tier.Prepare(snapshot);
        try
        {
            tier.Apply(snapshot);
        }
        catch (AddressApplyException)
        {
            tier.TakeBack();
            throw;
        }
    }

    private BgpTier Tier() => new(
        config =>
        {
            Directory.CreateDirectory(config.Run);
            _birds.Add(new FakeBird { Starting = () => _starting() });
            _starting();
            return Bird;
        },
        () => _lo, NullLoggerFactory.Instance, _time);

    private sealed class FakeLoopback : ILoopback
    {
        public Dictionary<IPAddress, TimeSpan?> Has { get; } = [];

        public IReadOnlySet<IPAddress> OfHost() => Has.Keys.ToHashSet();

        public AddressFamily? Refuses { get; set; }

        public void Put(IPAddress address, int length, TimeSpan? lifetime) =>
            Has[address] = address.AddressFamily == Refuses ? throw new NetlinkException("off", Errno.EOPNOTSUPP) : lifetime;

        public void Remove(IPAddress address, int length) => Has.Remove(address).ShouldBeTrue();

        public void Dispose()
        {
        }
    }

    private sealed class FakeBird : IBird
    {
        public Action Starting { get; init; } = () => { };

        public string Text { get; private set; } = "";

        public string Program { get; private set; } = "";

        public void Use(string binary, string socket) => Program = $"{binary} {socket}";

        public bool Refuses { get; set; }

        public bool Fails { get; set; }

        public bool IsStopped { get; private set; }

        public int? Pid { get; set; }

        public ImmutableArray<BirdSession> Sessions { get; set; } = [];

        public BirdStatus Status => new(Pid, Sessions, ImmutableSortedDictionary<string, long>.Empty, 0);

        public void Check(string text)
        {
            if (Refuses)
                throw new AddressApplyException("refused");
        }

        public void Apply(string text)
        {
            Starting();
            if (Fails)
                throw new AddressApplyException("fails");
            Text = text;
        }

        public void Stop() => IsStopped = true;

        public void Dispose()
        {
        }
    }
}
