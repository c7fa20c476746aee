// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Maglev;
using Penstock.L4.Xdp;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Xdp;

/// <summary>Which services have a ring for flows that no table knows, and what is in it.</summary>
public sealed class SecondRingTests
{
    private const int Slots = 251;

    private readonly FakeMaps _maps = new();

    [Fact]
    public void Service_WithABackendInDrain_HasTheRingFromBeforeTheDrain()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service(Backend(1), Backend(2), Backend(3))]);
        var before = Ring();
        _maps.SecondShares(80).ShouldBeEmpty();

        tables.Apply([Service(Backend(1), Backend(2, Layout.StateKind.Drain), Backend(3))]);

        var written = _maps.ServiceMap.Values.Single();
        _maps.Ring((int)written.SecondLine, (int)written.SecondSlots).ToArray().ShouldBe(before);
        written.LocalBackend.ShouldBe(0u);
        _maps.Shares(80).Keys.ShouldBe(["10.0.0.1", "10.0.0.3"], ignoreOrder: true);
        tables.Apply([Service(Backend(1), Backend(2), Backend(3))]);
        _maps.SecondShares(80).ShouldBeEmpty();
        Ring().ShouldBe(before);

        uint[] Ring()
        {
            var service = _maps.ServiceMap.Values.Single();
            return _maps.Ring((int)service.RingLine, (int)service.RingSlots).ToArray();
        }
    }

    [Fact]
    public void Tier_OfSeveralHosts_HasTheRingWithoutThisOne()
    {
        new XdpTables(_maps).Apply([Service(Local(1), Backend(2), Backend(3, Layout.StateKind.Down))]);

        _maps.SecondShares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.2"] = Slots });
        _maps.ReadBackend(_maps.ServiceMap.Values.Single().LocalBackend).Forwarding.ShouldBe(Layout.ForwardingKind.Local);
    }

    [Fact]
    public void Tier_InWhichAHostDrains_HasTheRingWithIt()
    {
        new XdpTables(_maps).Apply([Service(Local(1), Backend(2, Layout.StateKind.Drain))]);

        _maps.Shares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.1"] = Slots });
        _maps.SecondShares(80).Keys.ShouldBe(["10.0.0.1", "10.0.0.2"], ignoreOrder: true);
        _maps.ServiceMap.Values.Single().LocalBackend.ShouldNotBe(0u);
    }

    [Fact]
    public void Tier_OfThisHostAlone_HasNone()
    {
        new XdpTables(_maps).Apply([Service(Local(1))]);

        var written = _maps.ServiceMap.Values.Single();
        (written.SecondSlots, written.LocalBackend).ShouldBe((0u, 0u));
    }

    [Fact]
    public void Service_AllOfWhoseBackendsDrain_HasNoRingButTheSecond()
    {
        new XdpTables(_maps).Apply([Service(Backend(1, Layout.StateKind.Drain))]);

        _maps.ServiceMap.Values.Single().RingSlots.ShouldBe(0u);
        _maps.SecondShares(80).ShouldBe(new Dictionary<string, int> { ["10.0.0.1"] = Slots });
    }

    [Theory]
    [InlineData(Layout.ServiceFlags.NoFlows, TransportProtocol.Tcp)]
    [InlineData(Layout.ServiceFlags.Nat, TransportProtocol.Tcp)]
    [InlineData(Layout.ServiceFlags.None, TransportProtocol.Udp)]
    public void Service_WhoseFlowsAreNotKept_HasNone(object flags, TransportProtocol protocol)
    {
        var service = Service(Backend(1), Backend(2, Layout.StateKind.Drain));

        service = service with { Listen = service.Listen with { Protocol = protocol }, Value = service.Value with { Flags = (Layout.ServiceFlags)flags } };

        service.HasSecond.ShouldBeFalse();
        service.SecondMembers(service.Backends.ToDictionary(backend => backend.Key, _ => 1u)).ShouldBeEmpty();
    }

    [Fact]
    public void SecondRing_OfADaemonBefore_IsTakenOver()
    {
        PlannedService[] plan = [Service(Local(1), Backend(2))];
        new XdpTables(_maps).Apply(plan);
        var second = _maps.ServiceMap.Values.Single().SecondLine;
        _maps.Writes.Clear();

        var adopted = new XdpTables(_maps);
        adopted.Apply([.. plan, plan[0] with { Name = "other", Listen = plan[0].Listen with { FirstPort = 81, LastPort = 81 } }]);

        _maps.Writes.ShouldNotContain("service 80");
        _maps.ServiceMap.Values.SelectMany(service => (uint[])[service.RingLine, service.SecondLine]).Distinct().Count().ShouldBe(4);
        _maps.ServiceMap.Values.ShouldContain(service => service.SecondLine == second);
    }

    private static PlannedService Service(params PlannedBackend[] backends) => new(
        "s", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), default, Slots, [.. backends]);

    private static PlannedBackend Local(int host) => Backend(host) with { Value = Backend(host).Value with { Forwarding = Layout.ForwardingKind.Local } };

    private static PlannedBackend Backend(int host, Layout.StateKind state = Layout.StateKind.Ready)
    {
        var address = new IPAddress([10, 0, 0, (byte)host]);
        return new PlannedBackend(
            host, MaglevIdentity.Of(address, 0, 0), address, 1, new Layout.Backend { Address = Layout.Address.Of(address), Forwarding = Layout.ForwardingKind.Ipip, State = state });
    }
}
