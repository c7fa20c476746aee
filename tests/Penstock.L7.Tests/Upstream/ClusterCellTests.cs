// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Balancing;
using Penstock.L7.Errors;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux.Reactors;
using Penstock.Model;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Balancing.EndpointSets;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Tests.Upstream;

/// <summary>What a reactor keeps of a cluster, and what it does, as endpoints come, go and change.</summary>
public sealed class ClusterCellTests : IDisposable
{
    private const int Many = 1_000;

    private readonly Reactor _reactor = new("test", _ => { });
    private readonly ClusterCell _cell = new();
    private ClusterConfig _config = new() { Name = "c" };
    private FastRandom _random = new(1);
    private CompiledCluster? _cluster;
    private long _version;

    [Fact]
    public void Update_OneOfManyGivesWayToAnother_VisitsItAlone()
    {
        Endpoint[] all = [.. Enumerable.Range(1, Many).Select(number => Endpoint(number))];
        Update(all).ShouldBe(0, "pools are made when they are needed");
        var before = PickEach(Many);
        var gone = before[NameOf(all[400])];

        Update([.. all[..400], Endpoint(Many + 1), .. all[401..]]).ShouldBe(1);

        gone.IsRetired.ShouldBeTrue();
        var after = PickEach(Many);
        after.ShouldNotContainKey(gone.Name);
        after.Values.Intersect(before.Values).Count().ShouldBe(Many - 1);
        after.Values.ShouldAllBe(pool => !pool.IsRetired);
    }

    [Fact]
    public void Update_OneComesBeforeMany_VisitsItAlone()
    {
        Endpoint[] all = [.. Enumerable.Range(1, Many).Select(number => Endpoint(number))];
        Update(all);
        var before = PickEach(Many);

        Update([Endpoint(Many + 1), .. all]).ShouldBe(1);

        PickEach(Many + 1).Values.Intersect(before.Values).Count().ShouldBe(Many);
    }

    [Fact]
    public void Update_AnotherOrder_VisitsNone()
    {
        Endpoint[] all = [.. Enumerable.Range(1, Many).Select(number => Endpoint(number))];
        Update(all);
        var before = PickEach(Many);

        Update(all.AsEnumerable().Reverse()).ShouldBe(0);

        PickEach(Many).Values.Intersect(before.Values).Count().ShouldBe(Many);
    }

    [Fact]
    public void Update_StateAndWeight_KeepThePools()
    {
        Endpoint[] all = [Endpoint(1), Endpoint(2), Endpoint(3)];
        Update(all);
        var before = PickEach(3);

        Update([Endpoint(1, 1, EndpointState.Drain), Endpoint(2, 5), all[2]]).ShouldBe(2);
        before.Values.ShouldAllBe(pool => !pool.IsRetired);
        PickEach(2, picks: 6).Keys.ShouldNotContain(NameOf(all[0]));
        Update(all).ShouldBe(2);

        PickEach(3).Values.ShouldBe(before.Values, ignoreOrder: true);
    }

    [Fact]
    public void Update_VersionsWerePassedOver_RetiresWhatHasGoneSince()
    {
        Endpoint[] all = [.. Enumerable.Range(1, Many).Select(number => Endpoint(number))];
        Update(all);
        var before = PickEach(Many);
        Compile(all[1..]);
        Compile([.. all[2..], Endpoint(Many + 1)]);

        Update([.. all[3..], Endpoint(Many + 1), all[0]]).ShouldBeLessThanOrEqualTo(4);

        var after = PickEach(Many - 1);
        before[NameOf(all[1])].IsRetired.ShouldBeTrue();
        before[NameOf(all[2])].IsRetired.ShouldBeTrue();
        after.ShouldContainKey(NameOf(all[0]));
        after.ShouldContainKey(NameOf(Endpoint(Many + 1)));
        after.Values.ShouldAllBe(pool => !pool.IsRetired);
        after.Values.Intersect(before.Values).Count().ShouldBeGreaterThanOrEqualTo(Many - 3);
    }

    [Fact]
    public void Update_OlderVersion_ChangesNothing()
    {
        var older = Compile([Endpoint(1)]);
        Update([Endpoint(2)]);

        _cell.Update(older, _reactor, ref _random);

        Pick().Name.ShouldBe(NameOf(Endpoint(2)));
    }

    [Fact]
    public void Update_MoreEndpoints_CountsOnWhatIsInFlight()
    {
        _config = _config with { Balancing = Algorithm.LeastRequest };
        Update([Endpoint(1)]);
        var busy = Pick();
        busy.OnRequest();

        Update([Endpoint(2), Endpoint(1)]);
        PickEach(1, picks: 100).ShouldContainKey(NameOf(Endpoint(2)));

        busy.OnRequestEnded(failed: false);
        busy.Active.ShouldBe(0);
        PickEach(2, picks: 100).Values.ShouldContain(busy);
    }

    [Fact]
    public void Update_SlotGoesToAnother_CountsNothingOfTheOneBefore()
    {
        _config = _config with { Balancing = Algorithm.LeastRequest };
        Update([Endpoint(1), Endpoint(2)]);
        var pools = PickEach(2, picks: 100);
        var (gone, stays) = (pools[NameOf(Endpoint(1))], pools[NameOf(Endpoint(2))]);
        for (var i = 0; i < 3; i++)
            gone.OnRequest();
        stays.OnRequest();

        Update([Endpoint(3), Endpoint(2)]).ShouldBe(1);
        var next = PickEach(1, picks: 100)[NameOf(Endpoint(3))];

        next.Slot.ShouldBe(gone.Slot);
        for (var i = 0; i < 3; i++)
            gone.OnRequestEnded(failed: false);
        next.OnRequest();
        next.OnRequest();
        PickEach(1, picks: 100).Values.ShouldContain(stays, "of the two it has less in flight");
    }

    [Fact]
    public void PickOther_OneTried_IsNotChosen()
    {
        Update([Endpoint(1), Endpoint(2)]);
        Update([Endpoint(3), Endpoint(2)]); // Slots are not places any more, where one has come in before.
        Update([Endpoint(4), Endpoint(3), Endpoint(2)]);
        var tried = PickEach(3).Values.Take(2).ToList();

        for (var i = 0; i < 20; i++)
        {
            _cell.PickOther(tried, ref _random, out var pool).ShouldBe(ProxyError.None);
            tried.ShouldNotContain(pool.ShouldNotBeNull());
        }

        tried.Add(Pick());
        tried.Add(Pick());
        tried.Add(Pick());
        _cell.PickOther(tried, ref _random, out _).ShouldBe(ProxyError.NoHealthyEndpoint);
    }

    [Fact]
    public void Update_AnotherConfiguration_ReachesThePools()
    {
        Update([Endpoint(1), Endpoint(2)]);
        var before = PickEach(2);
        _config = _config with { Balancing = Algorithm.Random };

        Update([Endpoint(1), Endpoint(2)]);

        before.Values.ShouldAllBe(pool => ReferenceEquals(pool.Config, _config));
        PickEach(2, picks: 100).Values.ShouldBe(before.Values, ignoreOrder: true);
    }

    [Fact]
    public void Pick_ClusterIsGone_KeepsNoConnections()
    {
        Update([Endpoint(1), Endpoint(2)]);
        var first = Pick();

        _cell.Retire();

        first.IsRetired.ShouldBeTrue();
        Pick().IsRetired.ShouldBeTrue();
        Pick().IsRetired.ShouldBeTrue();
    }

    [Fact]
    public void Pick_NoEndpoints_SaysSo()
    {
        Update([Endpoint(1)]);
        Update([]);

        _cell.Pick(ref _random, out var pool).ShouldBe(ProxyError.NoEndpoint);
        pool.ShouldBeNull();
    }

    public void Dispose() => _reactor.Dispose();

    private static string NameOf(Endpoint endpoint) => endpoint.Address.ToString();

    private CompiledCluster Compile(IEnumerable<Endpoint> endpoints) =>
        _cluster = new CompiledCluster(_config, new ClusterEndpoints("c", [.. endpoints]), [_cell], ++_version, _cluster);

    // Gives the number of slots that it looked at.
    private long Update(IEnumerable<Endpoint> endpoints)
    {
        var before = _cell.Visited;
        _cell.Update(Compile(endpoints), _reactor, ref _random);
        return _cell.Visited - before;
    }

    private EndpointPool Pick()
    {
        _cell.Pick(ref _random, out var pool).ShouldBe(ProxyError.None);
        return pool.ShouldNotBeNull();
    }

    /// <summary>Pools by name, of so many endpoints; as many picks find all of them where they take turns.</summary>
    private Dictionary<string, EndpointPool> PickEach(int endpoints, int? picks = null)
    {
        var pools = new Dictionary<string, EndpointPool>(StringComparer.Ordinal);
        for (var i = 0; i < (picks ?? endpoints); i++)
        {
            var pool = Pick();
            pools[pool.Name] = pool;
        }

        pools.Count.ShouldBe(endpoints);
        return pools;
    }
}
