// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.ControlPlane.Overrides;
using Penstock.Health;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Peers;

namespace Penstock.ControlPlane;

/// <summary>States of the backends of L4 services: what the operator wrote or has said since, what discovery and health checks found, and what is known of the hosts of the proxy tier. What they were before is in the running snapshot.</summary>
/// <param name="health">The checks.</param>
/// <param name="time">Clock of slow starts.</param>
internal sealed class ServiceStates(HealthChecker health, TimeProvider time)
{
    // Timers may fire that much early.
    private static readonly TimeSpan ClockGrain = TimeSpan.FromMilliseconds(1);

    // Hosts of the proxy tier that were down, of which nothing has been heard yet.
    private readonly HashSet<IPAddress> _inherited = [];
    private volatile IReadOnlyList<string> _warnings = [];
    private volatile IReadOnlyDictionary<string, int> _leftOut = ImmutableDictionary<string, int>.Empty;

    /// <summary>What asks for attention in what discovery has found, a line each; for any thread.</summary>
    public IEnumerable<string> Warnings => _warnings;

    /// <summary>How many of the endpoints that discovery has found of a service are no backends of it, by the service's name, of each that has discovery; for any thread.</summary>
    public IReadOnlyDictionary<string, int> LeftOut => _leftOut;

    /// <summary>Backends of every service; a service that has not changed keeps its instance, and so does the whole.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="running">What runs; null: nothing.</param>
    /// <param name="proxies">What is known of the hosts of the proxy tier.</param>
    /// <param name="overrides">What operators have said.</param>
    /// <param name="find">What discovery has found of a service; null: nothing of any.</param>
    public ImmutableDictionary<string, ImmutableArray<BackendStatus>> Assemble(
        L4Config config, Snapshot? running, ImmutableDictionary<IPAddress, ProxyState> proxies, OverrideSet overrides, Func<ServiceConfig, ImmutableArray<Endpoint>>? find = null)
    {
        var warnings = new List<string>();
        var leftOut = new Dictionary<string, int>(StringComparer.Ordinal);
        var before = running?.Services ?? ImmutableDictionary.Create<string, ImmutableArray<BackendStatus>>(StringComparer.Ordinal);
        var names = config.Services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        _inherited.ExceptWith(proxies.Keys);
        var next = before.RemoveRange(before.Keys.Where(name => !names.Contains(name))).ToBuilder();
        foreach (var service in config.Services)
        {
            var known = next.GetValueOrDefault(service.Name);
            var written = Find(service, config.Engine, find, warnings, leftOut);
            var backends = Judge(service, written, known, proxies, overrides);
            if (known.IsDefault || !known.SequenceEqual(backends))
                next[service.Name] = backends;
        }

        (_warnings, _leftOut) = (warnings, leftOut);
        return next.ToImmutable();
    }

    /// <summary>Has backends begin down that a daemon before has left so: where they are checked, their checks must pass first; peers have to answer.</summary>
    public void Inherit(IEnumerable<(ServiceConfig Service, BackendConfig Backend)> down, PeersConfig? peers)
    {
        foreach (var (service, backend) in down.Where(one => one.Backend.State != BackendState.Maintenance))
        {
            if (service.Health is not null)
                health.Inherit(Key(service), Address(service, backend), HealthChecker.WasDown);
            if (service.Forwarding == Forwarding.L7 && peers?.Hosts.Any(host => host.ProxyAddress().Equals(backend.Address)) == true)
                _inherited.Add(backend.Address);
        }
    }

    /// <summary>Time until a slow start takes its next step; null: there is none.</summary>
    public TimeSpan? NextStep(Snapshot snapshot)
    {
        TimeSpan? least = null;
        foreach (var service in snapshot.Config.L4.Services.Where(service => service.SlowStart > TimeSpan.Zero))
        {
            foreach (var backend in snapshot.Services[service.Name])
            {
                if (backend.StartedAt is not { } startedAt)
                    continue;
                var left = (service.SlowStart * backend.Share / BackendStatus.WholeShare) - time.GetElapsedTime(startedAt) + ClockGrain;
                least = least < left ? least : left;
            }
        }

        return least < ClockGrain ? ClockGrain : least;
    }

    /// <summary>What is to be checked.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="overrides">What operators have said.</param>
    /// <param name="running">Backends by service, where discovery has found them; null: it has found none.</param>
    public static IEnumerable<HealthTarget> Targets(L4Config config, OverrideSet overrides, ImmutableDictionary<string, ImmutableArray<BackendStatus>>? running = null)
    {
        var marks = ProbeMarks.Of(config).ToLookup(one => one.Service.Name, one => KeyValuePair.Create(Address(one.Service, one.Backend), one.Mark), StringComparer.Ordinal);
        foreach (var service in config.Services)
        {
            if (service.Health is { } check)
            {
                yield return new HealthTarget(Key(service), check, [.. Backends(service, running).Where(backend => (overrides.Of(service, backend)?.State ?? backend.State) != BackendState.Maintenance).Select(backend => Address(service, backend)).Distinct()])
                {
                    Marks = marks[service.Name].ToImmutableDictionary(),
                };
            }
        }
    }

    private static IEnumerable<BackendConfig> Backends(ServiceConfig service, ImmutableDictionary<string, ImmutableArray<BackendStatus>>? running) =>
        service.Discovery is null ? service.Backends : running?.GetValueOrDefault(service.Name, []).Select(backend => backend.Config) ?? [];

    private static ImmutableArray<FoundBackend> Find(ServiceConfig service, L4Engine engine, Func<ServiceConfig, ImmutableArray<Endpoint>>? find, List<string> warnings, Dictionary<string, int> leftOut)
    {
        if (service.Discovery is null)
            return FoundBackends.Written(service);
        var (backends, left, trouble) = FoundBackends.Of(service, engine, find?.Invoke(service) ?? []);
        leftOut.Add(service.Name, left);
        if (trouble is not null)
            warnings.Add(trouble);
        return backends;
    }

    // Before is as they were; default: the service is new.
    private ImmutableArray<BackendStatus> Judge(ServiceConfig service, ImmutableArray<FoundBackend> written, ImmutableArray<BackendStatus> before, ImmutableDictionary<IPAddress, ProxyState> proxies, OverrideSet overrides)
    {
        var found = written.Select(backend => Judge(service, backend, overrides.Of(service, backend.Config))).ToArray();
        if (service.Discovery is not null)
            StandBy(written, found);
        if (service.Forwarding == Forwarding.L7)
            Follow(proxies, found);
        if (service.Panic is { } panic)
            Distrust(panic, found, wasInPanic: !before.IsDefault && before.Any(backend => backend.IsInPanic));
        if (service.SlowStart > TimeSpan.Zero && !before.IsDefault)
            SlowDown(service, found, before);
        return [.. found];
    }

    // One that Kubernetes ends does not come back by an operator's word.
    private BackendStatus Judge(ServiceConfig service, FoundBackend found, StateOverride? said)
    {
        var written = found.Config;
        var (backend, why) = said is null || (service.Discovery is not null && written.State == BackendState.Drain && said.State == BackendState.Ready)
            ? (written, found.Reason)
            : (written with { State = said.State }, said.Reason);
        if (backend.State == BackendState.Maintenance)
            return new BackendStatus(backend, EndpointState.Maintenance, why);
        if (service.Health is not null && health.TryGetState(Key(service), Address(service, backend), out var state, out var reason) && state == EndpointState.Down)
            return new BackendStatus(backend, state, reason);
        return backend.State == BackendState.Drain ? new BackendStatus(backend, EndpointState.Drain, why) : new BackendStatus(backend, EndpointState.Ready);
    }

    // Those of a later priority keep their flows and take no new ones as long as one of an earlier is ready.
    private static void StandBy(ImmutableArray<FoundBackend> written, BackendStatus[] found)
    {
        var used = int.MaxValue;
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] is { State: EndpointState.Ready, Config.Weight: > 0 })
                used = Math.Min(used, written[i].Priority);
        }

        for (var i = 0; i < found.Length; i++)
        {
            if (found[i].State == EndpointState.Ready && written[i].Priority > used)
                found[i] = found[i] with { State = EndpointState.Drain, Reason = "stands by: others go before it", IsStandingBy = true };
        }
    }

    // A host that drains serves as ever where no other can: nobody is turned away for maintenance.
    private void Follow(ImmutableDictionary<IPAddress, ProxyState> proxies, BackendStatus[] backends)
    {
        for (var i = 0; i < backends.Length; i++)
        {
            if (backends[i].State != EndpointState.Ready)
                continue;
            if (proxies.TryGetValue(backends[i].Config.Address, out var known))
                backends[i] = backends[i] with { State = known.State, Reason = known.Reason };
            else if (_inherited.Contains(backends[i].Config.Address))
                backends[i] = backends[i] with { State = EndpointState.Down, Reason = HealthChecker.WasDown };
        }

        if (Array.Exists(backends, backend => backend is { State: EndpointState.Ready, Config.Weight: > 0 }))
            return;
        for (var i = 0; i < backends.Length; i++)
        {
            if (backends[i] is { State: EndpointState.Drain, Config.State: BackendState.Ready } draining)
                backends[i] = draining with { State = EndpointState.Ready, Reason = $"used although {draining.Reason}: no other is ready" };
        }
    }

    private static void Distrust(PanicConfig panic, BackendStatus[] backends, bool wasInPanic)
    {
        long all = 0, up = 0;
        foreach (var backend in backends.Where(backend => backend.Config.State == BackendState.Ready && backend.State != EndpointState.Drain))
        {
            all += backend.Config.Weight;
            up += backend.State == EndpointState.Ready ? backend.Config.Weight : 0;
        }

        if (all == 0 || up * 100 >= all * (wasInPanic ? panic.End : panic.Below))
            return;
        for (var i = 0; i < backends.Length; i++)
        {
            var backend = backends[i];
            if (backend.State == EndpointState.Down && backend.Config.State == BackendState.Ready)
                backends[i] = backend with { State = EndpointState.Ready, IsInPanic = true, Reason = $"panic, {up * 100 / all}% are up: used although its check says {backend.Reason}" };
        }
    }

    private void SlowDown(ServiceConfig service, BackendStatus[] backends, ImmutableArray<BackendStatus> before)
    {
        var known = before.ToDictionary(backend => (backend.Config.Address, backend.Config.Port));
        for (var i = 0; i < backends.Length; i++)
        {
            var backend = backends[i];
            if (backend.State != EndpointState.Ready || backend.IsInPanic)
                continue;
            var was = known.GetValueOrDefault((backend.Config.Address, backend.Config.Port));
            if ((was is { State: EndpointState.Ready } ? was.StartedAt : time.GetTimestamp()) is not { } startedAt)
                continue;
            var share = 1 + (int)Math.Min(BackendStatus.WholeShare, time.GetElapsedTime(startedAt).Ticks * BackendStatus.WholeShare / service.SlowStart.Ticks);
            if (share < BackendStatus.WholeShare)
                backends[i] = backend with { Share = share, StartedAt = startedAt, Reason = $"slow start, {share}/{BackendStatus.WholeShare} of its weight" };
        }
    }

    // No cluster has a colon in its name.
    private static string Key(ServiceConfig service) => "l4:" + service.Name;

    private static SocketEndpoint Address(ServiceConfig service, BackendConfig backend) =>
        SocketEndpoint.Ip(backend.Address, service.HealthPort ?? (service.Forwarding == Forwarding.Nat ? backend.Port : null) ?? service.Listen.FirstPort);
}
