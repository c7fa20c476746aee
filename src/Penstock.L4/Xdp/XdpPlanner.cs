// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Maglev;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Turns configuration and states into what the maps are to hold.</summary>
/// <param name="host">The host's interfaces.</param>
/// <param name="hops">Where frames for backends of dsr-l2 go.</param>
/// <param name="time">Clock of drains.</param>
internal sealed class XdpPlanner(IHostNetwork host, ILinkHops hops, TimeProvider time)
{
    /// <summary>
    /// For how long from the beginning of its drain a backend is looked for flows that no table knows. The longer a drain, the more of them have begun in it, elsewhere; and a
    /// flood that pushes flows out of the table has them sent to it.
    /// </summary>
    internal static readonly TimeSpan DrainWindow = TimeSpan.FromHours(1);

    // Since when they last, by service: pods that come and go put others at their places.
    private readonly Dictionary<string, Dictionary<(IPAddress Address, ushort Port), Drain>> _drains = new(StringComparer.Ordinal);
    private Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private BackendPlanner? _backends;
    private PlannedService[] _tunnels = [];
    private L4Config? _config;

    /// <summary>
    /// The plan of a snapshot: its services in file order, then the tunnels that end here. A service in which nothing has changed is the same instance
    /// as in the plan before.
    /// </summary>
    /// <exception cref="L4ApplyException">The host lacks an interface or address that a service needs.</exception>
    public PlannedService[] Plan(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty)
        {
            _drains.Clear();
            return [];
        }

        var before = _known;
        if (!ReferenceEquals(config, _config) || _backends is not { } backends)
        {
            backends = new BackendPlanner(host, hops, Require(config.Interfaces[0]), config.Interfaces.Min(name => Require(name).Mtu), (ulong)config.HashSeed, snapshot.Config.Peers?.OwnProxy());
            (_config, _backends, _known, _tunnels) = (config, backends, new Dictionary<string, Known>(StringComparer.Ordinal), [.. Tunnels(config, backends)]);
        }

        PlannedService[] plan = [.. config.Services.Select(service => PlanOnce(service, snapshot.Services[service.Name], backends, before)), .. _tunnels];
        if (_drains.Count > config.Services.Length)
            ForgetOthers(config);
        return plan;
    }

    /// <summary>
    /// A plan by the host's interfaces as they are now, of which no service is the same instance as before. Where they lack something, plans go on by what was known of them: an
    /// interface that is gone, or has lost its address, must not keep states of backends from what runs.
    /// </summary>
    /// <exception cref="L4ApplyException">The host lacks an interface or address that a service needs.</exception>
    public PlannedService[] PlanAnew(Snapshot snapshot)
    {
        var before = (_config, _backends, _known, _tunnels);
        _config = null;
        try
        {
            return Plan(snapshot);
        }
        catch
        {
            (_config, _backends, _known, _tunnels) = before;
            throw;
        }
    }

    /// <summary>Whether this host has an address by now for a backend that a plan leaves out.</summary>
    /// <param name="plan">The plan.</param>
    public bool Reaches(IReadOnlyList<PlannedService> plan)
    {
        var left = plan.SelectMany(service => service.LeftOut).ToArray();
        if (left.Length == 0 || _config is not { } config)
            return false;
        try
        {
            var ingress = host.Find(config.Interfaces[0]);
            return left.Any(address => (ingress?.First(address.AddressFamily) ?? host.SourceFor(address)) is not null);
        }
        catch (Exception error) when (HostNeeds.IsFault(error))
        {
            return false; // Asked again soon.
        }
    }

    /// <summary>Has the next plan ask again where frames for backends of dsr-l2 go.</summary>
    public void ForgetHops()
    {
        foreach (var service in _config?.Services.Where(service => service.Forwarding == Forwarding.DsrL2) ?? [])
            _known.Remove(service.Name);
    }

    /// <summary>An interface that has to be there.</summary>
    /// <exception cref="L4ApplyException">It is not.</exception>
    public HostInterface Require(string name) => host.Find(name) ?? throw new L4ApplyException($"there is no interface {name}");

    private PlannedService PlanOnce(ServiceConfig service, ImmutableArray<BackendStatus> states, BackendPlanner planner, Dictionary<string, Known> before)
    {
        if (_known.TryGetValue(service.Name, out var known) && known.States == states)
            return known.Plan;
        var plan = Plan(service, states, planner);
        var served = states.Any(state => state.IsStandingBy) && before.TryGetValue(service.Name, out var last) ? Served(last.Plan) : [];
        FollowDrains(service.Name, plan, backend => IsIdle(backend, states, served));
        plan = plan with { Backends = [.. plan.Backends.Select(backend => backend with { IsLongInDrain = IsLongInDrain(service.Name, backend) })] };
        _known[service.Name] = new Known(states, plan);
        return plan;
    }

    private static HashSet<BackendKey> Served(PlannedService plan) =>
        plan.Backends.Where(backend => backend.IsInRing || backend is { IsInDrain: true, IsLongInDrain: false }).Select(backend => backend.Key).ToHashSet();

    // One that stands by has no flows on any host, unless it has had the place of others: hosts have the same priorities.
    private static bool IsIdle(PlannedBackend backend, ImmutableArray<BackendStatus> states, HashSet<BackendKey> served) =>
        backend.Position < states.Length && states[backend.Position].IsStandingBy && !served.Contains(backend.Key);

    // A service that comes back under its name begins its drains anew.
    private void ForgetOthers(L4Config config)
    {
        foreach (var name in _drains.Keys.Except(config.Services.Select(service => service.Name), StringComparer.Ordinal).ToArray())
            _drains.Remove(name);
    }

    // Whether it is idle counts where a drain begins.
    private void FollowDrains(string service, PlannedService plan, Func<PlannedBackend, bool> isIdle)
    {
        var before = _drains.GetValueOrDefault(service, []);
        var now = new Dictionary<(IPAddress Address, ushort Port), Drain>();
        foreach (var backend in plan.Backends.Where(backend => backend.IsInDrain))
        {
            var key = (backend.Address, backend.Value.PortBigEndian);
            now[key] = before.TryGetValue(key, out var drain) ? drain : new Drain(time.GetTimestamp(), isIdle(backend));
        }

        _drains[service] = now;
    }

    private bool IsLongInDrain(string service, PlannedBackend backend) =>
        backend.IsInDrain && _drains[service].TryGetValue((backend.Address, backend.Value.PortBigEndian), out var drain) && (drain.IsIdle || time.GetElapsedTime(drain.Since) >= DrainWindow);

    /// <summary>Has the next plan be another where a drain has lasted for <see cref="DrainWindow"/> since the last one.</summary>
    /// <returns>Whether there is one.</returns>
    public bool ForgetDrains()
    {
        var ended = _known.Where(known => known.Value.Plan.Backends.Any(backend => backend is { IsInDrain: true, IsLongInDrain: false } && IsLongInDrain(known.Key, backend))).Select(known => known.Key).ToArray();
        foreach (var name in ended)
            _known.Remove(name);
        return ended.Length > 0;
    }

    private static PlannedService Plan(ServiceConfig service, ImmutableArray<BackendStatus> states, BackendPlanner planner)
    {
        var value = new Layout.Service
        {
            Flags = Flags(service),
            FlowTimeout = service.Listen.Protocol == TransportProtocol.Udp ? (uint)Math.Ceiling(service.UdpTimeout.TotalSeconds) : 0,
            EmptyAction = (byte)(service.Empty switch
            {
                EmptyAction.Pass => Layout.EmptyKind.Pass,
                EmptyAction.Reject => Layout.EmptyKind.Reject,
                _ => Layout.EmptyKind.Drop,
            }),
            QuicOffset = (byte)(service.Quic?.Offset ?? 0),
            QuicLength = (byte)(service.Quic?.Length ?? 0),
            SourcePackets = (uint)service.PacketsPerSource,
            SourceFlows = (uint)service.FlowsPerSource,
            SynThreshold = (uint)(service.SynCookies?.Threshold ?? 0),
        };
        var left = service.Discovery is null ? [] : states.Select(state => state.Config).Where(backend => !planner.Reaches(service, backend)).Select(backend => backend.Address).ToHashSet();
        var backends = states.IsEmpty && service.Forwarding == Forwarding.L7
            ? [planner.ThisHost(service)]
            : states.SelectMany((state, position) => left.Contains(state.Config.Address) ? [] : planner.Plan(service, state, position)).ToImmutableArray();
        return new PlannedService(service.Name, service.Listen, value, service.TableSize, backends)
        {
            Forwarding = service.Forwarding,
            IsDiscovered = service.Discovery is not null,
            LeftOut = [.. left],
            NatSources = service is { Discovery: not null, Forwarding: Forwarding.Nat } ? [.. planner.NatSources(service)] : [],
            Sources = SourceRule.Merge(service.Allow, service.Block),
            Overrides = service.Overrides.ToImmutableDictionary(one => one.Clients, one => backends.First(backend => backend.Address.Equals(one.Backend)).Key),
            QuicServers = states.Select((state, position) => (state.Config.QuicId, position)).Where(server => server.QuicId is not null)
                .ToImmutableDictionary(server => (uint)server.QuicId!.Value, server => backends.First(backend => backend.Position == server.position).Key), // not null: filtered
        };
    }

    // Peers of the proxy tier send each other flows in tunnels: what ends here is taken off and goes up this host's stack.
    private static IEnumerable<PlannedService> Tunnels(L4Config config, BackendPlanner backends) =>
        from address in config.Services.Where(service => service.Forwarding == Forwarding.L7 && service.Backends.Length > 1)
            .SelectMany(service => service.Backends).Select(backend => backend.Address).Where(backends.IsLocal).Distinct()
        from protocol in (TransportProtocol[])[TransportProtocol.IpInIp, TransportProtocol.Ipv6InIp]
        select new PlannedService(
            "", new ServiceAddress(protocol, address, 0, 0), new Layout.Service { Flags = Layout.ServiceFlags.Decap }, MaglevTable.DefaultSize, []);

    private static Layout.ServiceFlags Flags(ServiceConfig service)
    {
        var flags = Layout.ServiceFlags.None;
        if (service.Hash == HashOn.Client)
            flags |= Layout.ServiceFlags.ClientHash;
        if (!service.FlowTable)
            flags |= Layout.ServiceFlags.NoFlows;
        if (service.Forwarding == Forwarding.Nat)
            flags |= Layout.ServiceFlags.Nat;
        if (service.Quic is not null)
            flags |= Layout.ServiceFlags.Quic;
        if (!service.Overrides.IsEmpty)
            flags |= Layout.ServiceFlags.Overrides;
        if (!service.Allow.IsEmpty)
            flags |= Layout.ServiceFlags.Allow;
        if (!service.Block.IsEmpty)
            flags |= Layout.ServiceFlags.Block;
        if (service.PacketsPerSource > 0 || service.FlowsPerSource > 0)
            flags |= Layout.ServiceFlags.Limit;
        if (service.SynCookies is not null)
            flags |= Layout.ServiceFlags.SynCookies;
        return flags;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Drain(long Since, bool IsIdle);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Known(ImmutableArray<BackendStatus> States, PlannedService Plan);
}
