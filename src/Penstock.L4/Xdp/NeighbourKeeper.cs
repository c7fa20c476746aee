// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.L4.Xdp;

/// <summary>Keeps the kernel's knowledge of next hops fresh: the program asks the kernel, but only who sends makes the kernel ask the link.</summary>
internal sealed class NeighbourKeeper : IDisposable
{
    /// <summary>Time between two looks at the interfaces: with its carrier an interface loses all its neighbours.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Looks after a change in each of which neighbours are asked again: the link, or a switch behind it, may not carry frames at once.</summary>
    private const int LooksAfterChange = 5;

    /// <summary>Time between two rounds where nothing changes: below the 60 s after which the kernel may forget a neighbour nobody uses (arp(7): gc_stale_time).</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Time new neighbours get to answer before packets are sent their way.</summary>
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromMilliseconds(20);

    private readonly IHostNetwork _host;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private IPAddress[] _addresses = [];
    private IReadOnlyDictionary<int, uint> _carriers;
    private long _asked;
    private int _looks;
    private volatile bool _isTold;
    private volatile IReadOnlyList<IPAddress> _unresolved = [];

    /// <summary>Keeps nothing yet.</summary>
    public NeighbourKeeper(IHostNetwork host, TimeProvider time)
    {
        _host = host;
        _time = time;
        _carriers = host.Carriers();
        _asked = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Refresh(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Those of the addresses that it keeps whose next hop the kernel did not know when it was last asked: at each change that the kernel tells of, and each second while there are any.</summary>
    public IReadOnlyList<IPAddress> Unresolved => _unresolved;

    /// <summary>Has it look at once: neighbours or routes have changed.</summary>
    public void Look()
    {
        if (Volatile.Read(ref _addresses).Length == 0)
            return;
        _isTold = true;
        _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keeps the next hops to these addresses from now on.</summary>
    public void Follow(IReadOnlyList<PlannedService> plan)
    {
        var addresses = Addresses(plan);
        var added = addresses.Except(_addresses).ToArray();
        Volatile.Write(ref _addresses, addresses);
        foreach (var address in added)
            _host.Resolve(address);
        if (added.Length > 0)
            Task.Delay(FirstAnswer, _time).Wait();
        _unresolved = [];
        _isTold = true;
        _timer.Change(addresses.Length > 0 ? LookEvery : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The same, where a plan has other addresses than the one before: discovery finds backends without a change of the configuration.</summary>
    /// <returns>The addresses that are kept.</returns>
    public IReadOnlySet<IPAddress> FollowOthers(IReadOnlyList<PlannedService> plan)
    {
        var addresses = Addresses(plan).ToHashSet();
        if (!addresses.SetEquals(Volatile.Read(ref _addresses)))
            Follow(plan);
        return addresses;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private static IPAddress[] Addresses(IReadOnlyList<PlannedService> plan) =>
    [
        .. plan.SelectMany(service => service.Backends)
            .Where(backend => backend.Value.Flags.HasFlag(Layout.BackendFlags.Fib) || backend.IsResolved).Select(backend => backend.Address).Distinct(),
    ];

    private void Refresh()
    {
        var carriers = _host.Carriers();
        if (carriers.Count > 0 && !(carriers.Count == _carriers.Count && carriers.All(now => _carriers.TryGetValue(now.Key, out var before) && before == now.Value)))
            (_carriers, _looks) = (carriers, LooksAfterChange);
        var isTold = _isTold;
        _isTold = false;
        var addresses = Volatile.Read(ref _addresses);
        if (_looks > 0 || _time.GetElapsedTime(_asked) >= Interval)
        {
            foreach (var address in addresses)
                _host.Resolve(address);
            (_asked, _looks) = (_time.GetTimestamp(), Math.Max(0, _looks - 1));
        }
        else if (isTold || _unresolved.Count > 0)
        {
            _unresolved = _host.Unresolved(addresses);
            foreach (var address in _unresolved)
                _host.Resolve(address);
        }

        _timer.Change(LookEvery, Timeout.InfiniteTimeSpan);
    }
}
