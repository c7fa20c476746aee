// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Model.L4;
using Penstock.Tests;

namespace Penstock.L4.Tests.Xdp;

public sealed class NeighbourKeeperTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeHost _host = new();
    private readonly NeighbourKeeper _keeper;

    public NeighbourKeeperTests() => _keeper = new NeighbourKeeper(_host, _time);

    public void Dispose() => _keeper.Dispose();

    [Fact]
    public async Task Follow_NextHops_HasThemAskedAtOnceAndThenAllFifteenSeconds()
    {
        await FollowAsync("10.0.0.11");
        _host.Asked.ShouldBe(["10.0.0.11"]);
        _host.Asked.Clear();

        _time.Advance(TimeSpan.FromSeconds(14));
        _host.Asked.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(16));

        _host.Asked.ShouldBe(["10.0.0.11", "10.0.0.11"]);
    }

    [Fact]
    public async Task Carrier_LostOrGained_HasNextHopsAskedForSeconds()
    {
        await FollowAsync("10.0.0.11", "10.0.0.12");
        _time.Advance(Second);
        _host.Asked.Clear();

        _host.Now[2] = 1;
        _time.Advance(Second);
        _host.Asked.ShouldBe(["10.0.0.11", "10.0.0.12"]);
        _time.Advance(8 * Second);

        _host.Asked.Count.ShouldBe(10);
    }

    [Fact]
    public async Task Look_NextHopThatTheKernelHasForgotten_IsAskedForAtOnceAndUntilItAnswers()
    {
        await FollowAsync("10.0.0.11", "10.0.0.12");
        _time.Advance(Second);
        _host.Asked.Clear();

        _host.Silent.Add("10.0.0.12");
        _keeper.Look();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _host.Asked.ShouldBe(["10.0.0.12"]);
        _keeper.Unresolved.ShouldBe([IPAddress.Parse("10.0.0.12")]);
        _time.Advance(Second);
        _host.Asked.ShouldBe(["10.0.0.12", "10.0.0.12"]);

        _host.Silent.Clear();
        _time.Advance(Second);
        _keeper.Unresolved.ShouldBeEmpty();
        _time.Advance(Second);
        _host.Asked.Count.ShouldBe(2);
    }

    [Fact]
    public async Task FollowOthers_OfTheSameAddresses_AsksNothingAndOfOthersTheNewOnes()
    {
        await FollowAsync("10.0.0.11", "10.0.0.12");
        _host.Asked.Clear();

        await RunAsync(() => _keeper.FollowOthers([Plan("10.0.0.12", "10.0.0.11")]).Count.ShouldBe(2));
        _host.Asked.ShouldBeEmpty();
        await RunAsync(() => _keeper.FollowOthers([Plan("10.0.0.12", "10.0.0.13")]).Count.ShouldBe(2));

        _host.Asked.ShouldBe(["10.0.0.13"]);
    }

    [Fact]
    public async Task Carriers_UnknownForAMoment_AreNoChange()
    {
        await FollowAsync("10.0.0.11");
        _host.Asked.Clear();
        var before = _host.Now;

        _host.Now = [];
        _time.Advance(2 * Second);
        _host.Now = before;
        _time.Advance(2 * Second);

        _host.Asked.ShouldBeEmpty();
    }

    private static PlannedService Plan(params string[] addresses)
    {
        var value = new Layout.Backend { Flags = Layout.BackendFlags.Fib };
        var backends = addresses.Select((address, i) => new PlannedBackend(i, 0, IPAddress.Parse(address), 1, value));
        return new PlannedService("web", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), default, 13, [.. backends]);
    }

    private Task FollowAsync(params string[] addresses) => RunAsync(() => _keeper.Follow([Plan(addresses)]));

    private async Task RunAsync(Action follow)
    {
        var following = Task.Run(follow);
        while (!following.IsCompleted)
        {
            if (_time.UntilNextTimer is { } wait && wait < Second)
                _time.Advance(wait); // It waits for their first answers.
            await Task.Delay(1);
        }

        await following;
    }

    private sealed class FakeHost : IHostNetwork
    {
        public List<string> Asked { get; } = [];

        public HashSet<string> Silent { get; } = [];

        public Dictionary<int, uint> Now { get; set; } = new() { [1] = 0, [2] = 0 };

        public HostInterface? Find(string name) => null;

        public HostInterface? Find(int index) => null;

        public IReadOnlySet<IPAddress> Addresses() => new HashSet<IPAddress>();

        public IReadOnlyDictionary<int, uint> Carriers() => new Dictionary<int, uint>(Now);

        public IReadOnlyList<IPAddress> Unresolved(IReadOnlyCollection<IPAddress> destinations) => [.. destinations.Where(address => Silent.Contains(address.ToString()))];

        public IPAddress? SourceFor(IPAddress destination) => null;

        public void Resolve(IPAddress destination) => Asked.Add(destination.ToString());
    }
}
