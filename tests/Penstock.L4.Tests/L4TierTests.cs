// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L4.Tests.Ipvs;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests;

public sealed class L4TierTests
{
    private readonly Dictionary<L4Engine, FakeEngine> _engines = new() { [L4Engine.Xdp] = new(), [L4Engine.Ipvs] = new(), [L4Engine.Userspace] = new() };

    [Fact]
    public void Apply_OtherEngine_TakesOverBeforeTheFirstLetsGo()
    {
        using var tier = Tier();
        tier.Apply(With(L4Engine.Xdp));

        tier.Apply(With(L4Engine.Ipvs));

        _engines[L4Engine.Ipvs].Services.ShouldBe(1);
        _engines[L4Engine.Xdp].Services.ShouldBe(0);
        _engines[L4Engine.Xdp].IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public void Apply_FirstEngineThatCannotLetGo_KeepsItsServicesAndTheOtherHasNone()
    {
        using var tier = Tier();
        tier.Apply(With(L4Engine.Xdp));
        _engines[L4Engine.Xdp].Fails = true;

        Should.Throw<L4ApplyException>(() => tier.Apply(With(L4Engine.Ipvs)));

        _engines[L4Engine.Ipvs].Services.ShouldBe(0);
        _engines[L4Engine.Ipvs].IsDisposed.ShouldBeTrue();
        _engines[L4Engine.Xdp].Services.ShouldBe(1);
        _engines[L4Engine.Xdp].Fails = false;
        tier.Apply(With(L4Engine.Xdp)); // which runs on
        _engines[L4Engine.Xdp].IsDisposed.ShouldBeFalse();
    }

    [Theory]
    [InlineData(L4Engine.Userspace, L4Engine.Xdp)]
    [InlineData(L4Engine.Xdp, L4Engine.Userspace)]
    [InlineData(L4Engine.Ipvs, L4Engine.Userspace)]
    public void Apply_OtherEngineThatWouldCutConnections_IsRefusedAndWhatRanRunsOn(L4Engine from, L4Engine to)
    {
        using var tier = Tier();
        tier.Apply(With(from));

        Should.Throw<L4ApplyException>(() => tier.Apply(With(to))).Message.ShouldBe(
            $"l4.engine: a reload does not change {from.ToString().ToLowerInvariant()} to {to.ToString().ToLowerInvariant()}, for that would cut the services' connections: restart the daemon when they may end");

        (_engines[from].Services, _engines[to].Services, _engines[from].IsDisposed).ShouldBe((1, 0, false));
        tier.Apply(Without(from));
        tier.Apply(With(to)); // Nothing is carried any more.
        _engines[to].Services.ShouldBe(1);
    }

    [Fact]
    public void Apply_BackToWhatWasReplaced_IsDone()
    {
        using var tier = Tier();
        var before = With(L4Engine.Userspace);
        tier.Apply(before);
        tier.Apply(With(L4Engine.Ipvs));

        tier.Apply(before); // as when the proxy tier refuses the reload

        (_engines[L4Engine.Userspace].Services, _engines[L4Engine.Ipvs].Services).ShouldBe((1, 0));
    }

    private static Snapshot Without(L4Engine engine)
    {
        var snapshot = With(engine);
        return snapshot with { Config = snapshot.Config with { L4 = snapshot.Config.L4 with { Services = [] } } };
    }

    private static Snapshot With(L4Engine engine) => new(
        1,
        new ApplianceConfig
        {
            Node = "lb1",
            L4 = new L4Config { Engine = engine, Pins = "/none", Ipvs = new IpvsConfig { State = "/none" }, Services = [IpvsPlannerTests.Web()] },
        },
        ImmutableDictionary<string, ClusterEndpoints>.Empty);

    private L4Tier Tier() => new(kind => _engines[kind], NullLoggerFactory.Instance);

    private sealed class FakeEngine : IL4Engine
    {
        public int Services { get; private set; }

        public bool Fails { get; set; }

        public bool IsDisposed { get; private set; }

        public void Apply(Snapshot snapshot) => Services = Fails ? throw new L4ApplyException("l4: no") : snapshot.Config.L4.Services.Length;

        public L4Status Status() => L4Status.Empty;

        public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol) => null;

        public void Dispose() => IsDisposed = true;
    }
}
