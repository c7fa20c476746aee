// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L4.Maglev;
using Penstock.L4.Xdp;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Xdp;

public sealed class XdpTablesTests
{
    private const int Slots = 251;

    private readonly FakeMaps _maps = new();

    [Fact]
    public void Apply_NewService_WritesBackendsThenAddressThenService()
    {
        new XdpTables(_maps).Apply([Service(80, Backend(1), Backend(2))]);

        _maps.Writes.ShouldBe([
            "clear service 0", "backend 1 Ready", "backend 2 Ready", "vip 203.0.113.10", "service 80"]);
        _maps.Shares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.1"] = 125, ["10.0.0.2"] = 126 }, ignoreOrder: true);
    }

    [Fact]
    public void Apply_SamePlanAgain_WritesNothing()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1), Backend(2)), Range(5000, 5999, Backend(3))]);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1), Backend(2)), Range(5000, 5999, Backend(3))]);

        _maps.Writes.ShouldBeEmpty();
    }

    [Fact]
    public void Apply_OtherWeight_TouchesTheRingOnly()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1), Backend(2)), Service(81, Backend(1))]);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1), Backend(2, weight: 3)), Service(81, Backend(1))]);

        _maps.Writes.ShouldBeEmpty();
        _maps.Shares(80)["10.0.0.2"].ShouldBeInRange(186, 190);
    }

    [Theory]
    [InlineData(Layout.StateKind.Drain, "service 80,backend 2 Drain")] // which gets its second ring
    [InlineData(Layout.StateKind.Down, "backend 2 Down")]
    public void Apply_BackendTakenOut_LeavesTheRingBeforeItsState(object state, string writes)
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1), Backend(2))]);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1), Backend(2, state: (Layout.StateKind)state))]);

        _maps.Writes.ShouldBe(writes.Split(','));
        _maps.Shares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.1"] = Slots });
    }

    [Fact]
    public void Apply_LastBackendGone_EmptiesTheServiceFirst()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1))]);
        _maps.Writes.Clear();

        tables.Apply([Service(80)]);

        _maps.Writes.ShouldBe(["service 80", "backend 1 Unused"]);
        _maps.ServiceMap.Values.Single().RingSlots.ShouldBe(0u);

        tables.Apply([Service(80, Backend(1))]);
        _maps.Shares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.1"] = Slots });
    }

    [Fact]
    public void Apply_ServiceGone_TakesItAwayBeforeWhatItNames()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1)), Range(5000, 5001, Backend(2))]);
        _maps.Writes.Clear();

        tables.Apply([]);

        _maps.Writes.ShouldBe(["no service 80", "backend 1 Unused", "no range 5000/15", "backend 2 Unused", "no vip 203.0.113.10"]);
    }

    [Fact]
    public void Apply_IdGivenOutAgain_HasTheNextGeneration()
    {
        var maps = new FakeMaps(backends: 2);
        var tables = new XdpTables(maps);
        tables.Apply([Service(80, Backend(1))]);
        var first = maps.ReadBackend(1).Generation;
        tables.Apply([Service(80)]);

        tables.Apply([Service(80, Backend(2))]);

        maps.ReadBackend(1).Generation.ShouldBe((byte)(first + 1));
        maps.Writes.ShouldContain("clear backend 1");
        maps.Shares(80).Keys.ShouldBe(["10.0.0.2"]);
    }

    [Fact]
    public void Apply_OtherTableSize_FillsANewRingBeforeTheServiceNamesIt()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1))]);
        var before = _maps.ServiceMap.Values.Single();

        tables.Apply([Service(80, Backend(1)) with { TableSize = 509 }]);

        var after = _maps.ServiceMap.Values.Single();
        after.RingLine.ShouldNotBe(before.RingLine);
        after.RingSlots.ShouldBe(509u);
        _maps.Shares(80)["10.0.0.1"].ShouldBe(509);
    }

    [Fact]
    public void Apply_MoreThanTheMapsHold_SaysSo()
    {
        Should.Throw<XdpFullException>(() => new XdpTables(new FakeMaps(backends: 2)).Apply([Service(80, Backend(1), Backend(2))])).Message.ShouldBe("no room for another of 2 backends");
        Should.Throw<XdpFullException>(() => new XdpTables(new FakeMaps(services: 1)).Apply([Service(80), Service(81)])).Message.ShouldBe("no room for another of 1 services");
        Should.Throw<XdpFullException>(() => new XdpTables(new FakeMaps(ringLines: 20)).Apply([Service(80, Backend(1)), Service(81, Backend(1))])).Message.ShouldBe("no room for a table of 251 slots");
    }

    [Fact]
    public void Apply_NoRoomForAllOldAndNewRings_ChangesSomeAfterOthersHaveLetGo()
    {
        // What the engine gives eight services that go from the default size to twice that.
        PlannedService[] old = [.. Enumerable.Range(80, 8).Select(port => Service(port, Backend(1)) with { TableSize = 65537 })];
        PlannedService[] next = [.. old.Select(service => service with { TableSize = 131071 })];
        var maps = new FakeMaps(ringLines: (int)XdpSizes.For(new L4Config(), next, cpus: 1)["rings"]);
        var tables = new XdpTables(maps);
        tables.Apply(old);

        tables.Apply(next);

        maps.ServiceMap.Values.ShouldAllBe(service => service.RingSlots == 131071);
        next.ShouldAllBe(service => maps.Shares(service.Listen.FirstPort)["10.0.0.1"] == 131071);
    }

    [Fact]
    public void Apply_NatInPlaceOfATunnel_FillsANewRingBeforeTheServiceNamesIt()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1))]);
        var before = _maps.ServiceMap.Values.Single();
        var nat = Backend(1) with { Value = Backend(1).Value with { Forwarding = Layout.ForwardingKind.Nat } };

        // Nothing that a packet meets has changed when the service is about to be written.
        _maps.Refuses = what => what == "service 80";
        Should.Throw<IOException>(() => tables.Apply([Service(80, nat) with { Value = new Layout.Service { Flags = Layout.ServiceFlags.Nat } }]));
        KindsOf(before).ShouldBe([Layout.ForwardingKind.Ipip]);

        _maps.Refuses = null;
        tables.Apply([Service(80, nat) with { Value = new Layout.Service { Flags = Layout.ServiceFlags.Nat } }]);
        KindsOf(_maps.ServiceMap.Values.Single()).ShouldBe([Layout.ForwardingKind.Nat]);

        IEnumerable<Layout.ForwardingKind> KindsOf(Layout.Service service) =>
            _maps.Ring((int)service.RingLine, (int)service.RingSlots).ToArray().Select(id => _maps.ReadBackend(id).Forwarding).Distinct();
    }

    [Fact]
    public void Apply_AnotherWayToARealServer_KeepsItsFlows()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1), Backend(2))]);
        var before = _maps.ReadBackend(1);

        foreach (var way in (Layout.Backend[])
        [
            new() { Forwarding = Layout.ForwardingKind.Ipip, Source = Layout.Address.Of(IPAddress.Parse("10.0.0.99")) },
            new() { Forwarding = Layout.ForwardingKind.Gue, PortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)6080) },
            new() { Forwarding = Layout.ForwardingKind.L2, Mac = Layout.Mac.Of("02:00:00:00:00:01") },
        ])
        {
            var (one, two) = (Backend(1), Backend(2));
            tables.Apply([Service(80, one with { Value = way with { Address = one.Value.Address, State = Layout.StateKind.Ready } }, two)]);
            _maps.ReadBackend(1).ShouldBe(way with { Address = one.Value.Address, State = Layout.StateKind.Ready, Service = before.Service, Generation = before.Generation, Flags = before.Flags });
            new XdpTables(_maps).Services.Values.Single().Backends.Values.ShouldBe([1u, 2u], ignoreOrder: true);
        }
    }

    [Fact]
    public void Apply_RefusedAtAnyWrite_IsUndoneByThePlanBefore()
    {
        PlannedService[] before = [WithSources(Service(80, Backend(1), Backend(2))), Range(5000, 5009, Backend(3)), Service(81, Backend(4))];
        PlannedService[] after =
            [Service(80, Backend(1), Backend(5)) with { TableSize = 509 }, Range(5000, 5009, Backend(6)) with { TableSize = 509 }, WithSources(Service(82, Backend(4))), Service(83, Backend(1))];
        var refusals = 0;
        for (var isRefused = true; isRefused; refusals++)
        {
            var maps = new FakeMaps(ringLines: 256);
            var tables = new XdpTables(maps);
            tables.Apply(before);
            isRefused = false;
            var (services, ranges, sources) = (maps.ServiceMap.Count, maps.RangeMap.Count, maps.SourceMap.ToArray());
            for (var i = 0; i < 5; i++) // more often than there is room for what would be forgotten
            {
                var begun = 0;
                maps.Refuses = _ => begun++ == refusals;
                isRefused |= IsRefused(() => tables.Apply(after));
                maps.Refuses = null;
                tables.Apply(before);
            }

            (maps.ServiceMap.Count, maps.RangeMap.Count).ShouldBe((services, ranges));
            maps.SourceMap.Select(source => (source.Key.Prefix, source.Key.Address, source.Value)).ShouldBe(sources.Select(source => (source.Key.Prefix, source.Key.Address, source.Value)), ignoreOrder: true);
            maps.Shares(80).Keys.ShouldBe(["10.0.0.1", "10.0.0.2"], ignoreOrder: true);
            maps.Shares(81).Keys.ShouldBe(["10.0.0.4"]);
            maps.RangeMap.Values.Distinct().ShouldHaveSingleItem();
            tables.Apply([]);
            maps.SourceMap.ShouldBeEmpty();
        }

        refusals.ShouldBeGreaterThan(15);

        static bool IsRefused(Action apply)
        {
            try
            {
                apply();
                return false;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void Apply_RefusedInTheMiddleOfAList_WritesAndRemovesItWhole()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(80, Backend(1))]);
        var many = Enumerable.Range(0, 10_000).Select(i => Rule($"10.{i >> 8}.{i & 255}.0/24")).ToArray();
        var batches = 0;
        _maps.Refuses = what => what.StartsWith("sources", StringComparison.Ordinal) && ++batches == 2;
        Should.Throw<IOException>(() => tables.Apply([Service(80, Backend(1)) with { Sources = [.. many] }]));
        _maps.SourceMap.Count.ShouldBe(4096);

        var half = many[..5000].Select(rule => rule with { Verdict = Layout.SourceVerdict.Allow }).ToArray();
        tables.Apply([Service(80, Backend(1)) with { Sources = [.. half] }]);
        (_maps.SourceMap.Count, _maps.SourceMap.Values.Distinct().Single()).ShouldBe((5000, Layout.SourceVerdict.Allow));

        tables.Apply([Service(80, Backend(1))]);
        _maps.SourceMap.ShouldBeEmpty();
    }

    [Fact]
    public void Adopt_RangeOfWhichADaemonWroteAPart_WritesAllOfIt()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Range(5000, 5009, Backend(1))]);
        _maps.Refuses = what => what == "range 5008/15";
        Should.Throw<IOException>(() => tables.Apply([Range(5000, 5009, Backend(2)) with { TableSize = 509 }]));
        _maps.RangeMap.Values.Distinct().Count().ShouldBe(2);
        _maps.Refuses = null;

        // What another service fills is none of the rings that packets still meet.
        var adopted = new XdpTables(_maps);
        adopted.Apply([Service(80, Backend(3)), Range(5000, 5009, Backend(2)) with { TableSize = 509 }]);

        var written = _maps.RangeMap.Values.Distinct().ShouldHaveSingleItem();
        _maps.Ring((int)written.RingLine, (int)written.RingSlots).ToArray().Select(id => _maps.ReadBackend(id).Address.ToIPAddress().ToString()).Distinct().ShouldBe(["10.0.0.2"]);
    }

    [Fact]
    public void Adopt_MapsOfADaemonBefore_ChangesNothingForTheSamePlan()
    {
        var plan = new[] { Service(80, Backend(1), Backend(2, state: Layout.StateKind.Drain)), Range(0, 65535, Backend(3)), Service(81), WithSources(Service(82, Backend(4))) };
        new XdpTables(_maps).Apply(plan);
        _maps.Writes.Clear();

        var tables = new XdpTables(_maps);
        tables.Apply(plan);

        _maps.Writes.ShouldBeEmpty();
        tables.Apply([]);
        _maps.Read().Backends.ShouldBeEmpty();
        _maps.SourceMap.ShouldBeEmpty();
    }

    [Fact]
    public void Adopt_BackendOfAServiceThatNeverCame_IsReleased()
    {
        _maps.WriteBackend(5, Backend(1).Value with { Service = 9 });

        _ = new XdpTables(_maps);

        _maps.ReadBackend(5).State.ShouldBe(Layout.StateKind.Unused);
    }

    [Fact]
    public void Apply_SourcesThatChange_AreWrittenBeforeAndRemovedAfterTheService()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([WithSources(Service(80, Backend(1)))]);
        _maps.Writes[^2..].ShouldBe(["sources 2", "service 80"]);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1))]);

        _maps.Writes.ShouldBe(["service 80", "no sources 2"]);
        _maps.SourceMap.ShouldBeEmpty();
    }

    [Fact]
    public void Apply_SourcesOfWhichSomeDiffer_WritesTheDifference()
    {
        var tables = new XdpTables(_maps);
        var many = Enumerable.Range(0, 10_000).Select(i => Rule($"10.{i >> 8}.{i & 255}.0/24")).ToArray();
        tables.Apply([Service(80, Backend(1)) with { Sources = [.. many] }]);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1)) with { Sources = [Rule("9.0.0.0/8"), .. many[1..5000], many[5000] with { Verdict = Layout.SourceVerdict.Allow }, .. many[5001..]] }]);

        _maps.Writes.ShouldBe(["sources 2", "no sources 1"]);
        _maps.SourceMap.Count.ShouldBe(10_000);
        _maps.SourceMap[Layout.SourceKey.Of(0, many[5000].Prefix)].ShouldBe(Layout.SourceVerdict.Allow);
    }

    [Fact]
    public void Apply_BackendThatClientsName_IsThereBeforeTheNameAndGoesAfterIt()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Named(Backend(1), Backend(2))]);
        _maps.Writes[^3..].ShouldBe(["override 2", "quic 7 2", "service 80"]);
        tables = new XdpTables(_maps);
        _maps.Writes.Clear();

        tables.Apply([Service(80, Backend(1))]);

        _maps.Writes.ShouldBe(["service 80", "no override", "no quic 7", "backend 2 Unused"]);

        static PlannedService Named(PlannedBackend one, PlannedBackend other) => Service(80, one, other) with
        {
            Value = new Layout.Service { Flags = Layout.ServiceFlags.Overrides },
            Overrides = ImmutableDictionary<IPNetwork, BackendKey>.Empty.Add(IPNetwork.Parse("198.51.100.0/24"), other.Key),
            QuicServers = ImmutableDictionary<uint, BackendKey>.Empty.Add(7, other.Key),
        };
    }

    [Fact]
    public void Apply_AnySequenceOfPlans_EndsAsFromNothingAndIsWholeAtEveryWrite()
    {
        // FakeMaps looks after each write.
        var backend = Gen.Choose(1, 6).SelectMany(host => Gen.Choose(0, 2).SelectMany(weight => Gen.Choose(1, 3).Select(state => Backend(host, (uint)weight, (Layout.StateKind)state))));
        var service = Gen.Choose(80, 83).SelectMany(port => backend.ListOf().Select(backends => Service(port, [.. backends.DistinctBy(one => one.Address).Take(6)])));
        var plan = service.ListOf().Select(services => services.DistinctBy(one => one.Listen).ToArray());
        Prop.ForAll(plan.ListOf().ToArbitrary(), plans =>
        {
            var maps = new FakeMaps();
            var tables = new XdpTables(maps);
            var turn = 0;
            foreach (var next in plans)
            {
                if (turn++ % 3 == 2)
                    tables = new XdpTables(maps);
                tables.Apply(next);
            }

            var last = plans.Count > 0 ? plans[^1] : [];
            maps.ServiceMap.Count.ShouldBe(last.Length);
            foreach (var one in last)
                maps.Shares(one.Listen.FirstPort).Keys.ShouldBe(one.Backends.Where(b => b.IsInRing).Select(b => b.Address.ToString()), ignoreOrder: true);
        }).QuickCheckThrowOnFailure();
    }

    private static PlannedService WithSources(PlannedService service) => service with
    {
        Sources = [Rule("198.51.100.0/24") with { Verdict = Layout.SourceVerdict.Allow }, Rule("2001:db8::/32")],
        Value = service.Value with { Flags = Layout.ServiceFlags.Allow | Layout.ServiceFlags.Block },
    };

    private static SourceRule Rule(string network) => new(SourcePrefix.Of(IPNetwork.Parse(network)), Layout.SourceVerdict.Block);

    private static PlannedService Service(int port, params PlannedBackend[] backends) => Range(port, port, backends);

    private static PlannedService Range(int first, int last, params PlannedBackend[] backends) => new(
        $"s{first}", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), first, last), default, Slots, [.. backends]);

    private static PlannedBackend Backend(int host, uint weight = 1, Layout.StateKind state = Layout.StateKind.Ready)
    {
        var address = new IPAddress([10, 0, 0, (byte)host]);
        return new PlannedBackend(
            host, MaglevIdentity.Of(address, 0, 0), address, (int)weight, new Layout.Backend { Address = Layout.Address.Of(address), Forwarding = Layout.ForwardingKind.Ipip, State = state });
    }
}
