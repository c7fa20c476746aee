// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Maglev;
using Penstock.L4.Xdp;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Xdp;

/// <summary>Services whose ports change: a port that services before and after listen on is somebody's at every write.</summary>
public sealed class PortChangeTests
{
    private static readonly IPAddress s_vip = IPAddress.Parse("203.0.113.10");

    private readonly FakeMaps _maps = new();

    public static TheoryData<string, string> Changes => new()
    {
        { "a 9000-9003", "a 9000-9010" },
        { "a 9002-9002", "a 9000-9003" },
        { "a 0-65535", "a 9000-9999" },
        { "a 9000-9003", "a 9000-9001, b 9002-9003" },
        { "a 9000-9003, b 9004-9004", "a 9000-9001, b 9002-9004" },
        { "a 9000-9000, b 9002-9002", "a 9002-9002, b 9000-9000" },
        { "a 0-65535", "a 0-8999, b 9000-9000, c 9001-65535" },
        { "a 9000-9003", "b 9001-9001" },
        { "a 9000-9003, b 443-443", "a 443-443, b 9000-9010" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Apply_OtherPorts_LeavesThoseOfBothTheirs(string before, string after)
    {
        foreach (var (from, to) in ((string, string)[])[(before, after), (after, before)])
        {
            foreach (var isAdopted in (bool[])[false, true])
            {
                var (maps, old, next) = (new FakeMaps(), Plan(from), Plan(to));
                var tables = new XdpTables(maps);
                tables.Apply(old);
                var ports = Ports(old).Intersect(Ports(next)).ToArray();
                ports.ShouldAllBe(port => maps.Find(s_vip, port) != null);
                maps.After = what => Array.Find(ports, port => maps.Find(s_vip, port) is null).ShouldBe(0, $"{from} to {to}, after {what}");

                (isAdopted ? new XdpTables(maps) : tables).Apply(next);

                Holds(maps, next);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Apply_OtherPortsRefusedAtAnyWrite_IsUndoneByThePlanBeforeOrAdopted(string before, string after)
    {
        var (old, next) = (Plan(before), Plan(after));
        for (var (refused, isRefused) = (0, true); isRefused; refused++)
        {
            isRefused = false;
            foreach (var isAdopted in (bool[])[false, true])
            {
                var maps = new FakeMaps();
                var tables = new XdpTables(maps);
                tables.Apply(old);
                var begun = 0;
                maps.Refuses = _ => begun++ == refused;
                try
                {
                    tables.Apply(next);
                }
                catch (IOException)
                {
                    isRefused = true;
                }

                maps.Refuses = null;
                (isAdopted ? new XdpTables(maps) : tables).Apply(old);
                Holds(maps, old);
            }
        }
    }

    [Theory]
    [InlineData(9000, 9010)]
    [InlineData(9002, 9002)]
    [InlineData(0, 65535)]
    public void Apply_OtherPortsOfAService_KeepsItsIdAndBackends(int first, int last)
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service("b", 80, 80), Service("a", 9000, 9003)]);
        var before = _maps.Find(s_vip, 9002);
        var generations = Enumerable.Range(1, 4).Select(id => _maps.ReadBackend((uint)id)).ToArray();
        _maps.Writes.Clear();

        tables.Apply([Service("b", 80, 80), Service("a", first, last)]);

        _maps.Find(s_vip, 9002).ShouldBe(before);
        Enumerable.Range(1, 4).Select(id => _maps.ReadBackend((uint)id)).ShouldBe(generations);
        _maps.Writes.ShouldAllBe(write => write.Contains("range", StringComparison.Ordinal) || write.Contains("service 900", StringComparison.Ordinal) || write.StartsWith("vip", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_AnotherServiceWithThePorts_BeginsToCountAtZero()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service("a", 80, 80)]);
        _maps.Writes.Clear();
        tables.Apply([Service("a", 80, 81)]);
        _maps.Writes.ShouldNotContain("clear service 0");

        tables.Apply([Service("b", 80, 81)]);

        _maps.Writes.ShouldContain("clear service 0");
        _maps.Writes.ShouldContain("clear backend 1");
        _maps.Writes.Clear();
        tables.Apply([Service("b", 80, 81) with { Forwarding = Forwarding.Nat }]);
        _maps.Writes.ShouldContain("clear service 0");
    }

    [Fact]
    public void Adopt_AnotherServiceWithThePorts_BeginsToCountAtZero()
    {
        new XdpTables(_maps).Apply([Service("a", 80, 80)]);
        _maps.Writes.Clear();
        new XdpTables(_maps).Apply([Service("a", 80, 80)]);
        _maps.Writes.ShouldNotContain(write => write.StartsWith("clear", StringComparison.Ordinal));

        new XdpTables(_maps).Apply([Service("b", 80, 80)]);
        _maps.Writes.Where(write => write.StartsWith("clear", StringComparison.Ordinal)).ShouldBe(["clear service 0", "clear backend 1", "clear backend 2"]);
        _maps.Writes.Clear();

        new XdpTables(_maps).Apply([Service("b", 80, 80) with { Forwarding = Forwarding.Nat }]);
        _maps.Writes.ShouldContain("clear service 0");
    }

    [Fact]
    public void Apply_AnotherServiceThatIsRefused_LeavesTheCounters()
    {
        var tables = new XdpTables(_maps);
        tables.Apply([Service("a", 80, 80)]);
        _maps.Writes.Clear();
        _maps.Refuses = what => what == "service 443";

        Should.Throw<IOException>(() => tables.Apply([Service("b", 80, 80), Service("c", 443, 443)]));
        _maps.Refuses = null;
        tables.Apply([Service("a", 80, 80)]);

        _maps.Writes.ShouldNotContain("clear service 0");
        _maps.Writes.ShouldNotContain("clear backend 1");
        tables.Apply([Service("b", 80, 80)]);
        _maps.Writes[^3..].ShouldBe(["clear service 0", "clear backend 1", "clear backend 2"]);
    }

    [Fact]
    public void Adopt_BackendThatADaemonOfAVersionBeforeWrote_BeginsToCountAtZero()
    {
        new XdpTables(_maps).Apply([Service("a", 80, 80), Service("b", 81, 81)]);
        _maps.WriteBackend(2, _maps.ReadBackend(2) with { Flags = Layout.BackendFlags.None });
        _maps.Writes.Clear();

        new XdpTables(_maps).Apply([Service("a", 80, 80), Service("b", 81, 81)]);

        _maps.Writes.ShouldBe(["clear service 0", "clear backend 1", "clear backend 2", "backend 2 Ready"]);
        _maps.Writes.Clear();
        new XdpTables(_maps).Apply([Service("a", 80, 80), Service("b", 81, 81)]);
        _maps.Writes.ShouldBeEmpty();
    }

    [Fact]
    public void Adopt_OfAVersionBeforeWithOtherPorts_KeepsTheServiceOfTheName()
    {
        new XdpTables(_maps).Apply([Service("a", 80, 90), Service("b", 91, 99)]);
        var id = _maps.Find(s_vip, 95)!.Value.Id;
        foreach (var backend in (uint[])[1, 2, 3, 4])
            _maps.WriteBackend(backend, _maps.ReadBackend(backend) with { Flags = Layout.BackendFlags.None });

        new XdpTables(_maps).Apply([Service("b", 80, 99)]);

        _maps.Find(s_vip, 95)!.Value.Id.ShouldBe(id);
        _maps.Writes.ShouldContain($"clear service {id}");
    }

    private static void Holds(FakeMaps maps, PlannedService[] plan)
    {
        maps.After = null;
        maps.ServiceMap.Keys.Select(key => PortKey.Of(key)).Concat(maps.RangeMap.Keys.Select(key => PortKey.Of(key)))
            .ShouldBe(plan.SelectMany(service => PortKey.Cover(service.Listen)), ignoreOrder: true);
        foreach (var service in plan)
            plan.Count(other => maps.Find(s_vip, other.Listen.FirstPort)?.Id == maps.Find(s_vip, service.Listen.FirstPort)?.Id).ShouldBe(1);
        maps.Read().Backends.Count.ShouldBe(plan.Length * 2);
        maps.VipMap.Values.ShouldHaveSingleItem().Flags.HasFlag(Layout.VipFlags.Ranges).ShouldBe(plan.Any(service => !service.Listen.IsOnePort));
    }

    private static IEnumerable<int> Ports(PlannedService[] plan) =>
        plan.SelectMany(service => (int[])[service.Listen.FirstPort, service.Listen.LastPort, .. Enumerable.Range(9000, 4).Where(port => port >= service.Listen.FirstPort && port <= service.Listen.LastPort)]).Where(port => port > 0).Distinct();

    // "name first-last, name first-last"
    private static PlannedService[] Plan(string services) =>
        [.. from service in services.Split(", ") let words = service.Split(' ', '-') select Service(words[0], int.Parse(words[1], null), int.Parse(words[2], null))];

    private static PlannedService Service(string name, int first, int last) =>
        new(name, new ServiceAddress(TransportProtocol.Tcp, s_vip, first, last), default, 251, [Backend(1), Backend(2)]);

    private static PlannedBackend Backend(int host)
    {
        var address = new IPAddress([10, 0, 0, (byte)host]);
        return new PlannedBackend(host, MaglevIdentity.Of(address, 0, 0), address, 1, new Layout.Backend { Address = Layout.Address.Of(address), Forwarding = Layout.ForwardingKind.Ipip, State = Layout.StateKind.Ready });
    }
}
