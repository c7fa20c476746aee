// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4.Userspace;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L4;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4;

/// <summary>The L4 tier: the engine that the configuration names. Where a reload names another, that one takes over before the first lets go.</summary>
public sealed class L4Tier : IL4Engine
{
    private readonly Func<L4Engine, IL4Engine> _create;
    private readonly ILogger _logger;
    private readonly List<UserspaceEngine> _retired = [];
    private volatile Named? _running;
    private Snapshot? _applied;
    private Snapshot? _replaced;

    /// <summary>A tier that does nothing until it is given a snapshot.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="descriptors">The process's descriptors.</param>
    /// <param name="store">Listening sockets of the process before, and for the one after.</param>
    public L4Tier(ILoggerFactory loggers, TimeProvider time, DescriptorShares descriptors, ListenerStore store)
        : this(kind => Create(kind, loggers, time, descriptors, store), loggers)
    {
    }

    /// <summary>The same with engines from elsewhere.</summary>
    internal L4Tier(Func<L4Engine, IL4Engine> create, ILoggerFactory loggers)
    {
        _create = create;
        _logger = loggers.CreateLogger("Penstock.L4");
    }

    /// <summary>Where sockets of this process listen for a configuration's services.</summary>
    public static IEnumerable<SocketAddress> Addresses(L4Config config) => config.Engine == L4Engine.Userspace
        ? RelayPlanner.Endpoints(config.Services).Keys.Where(at => at.Protocol == TransportProtocol.Tcp).Select(at => SocketAddress.Ip(at.Endpoint.Address, at.Endpoint.Port))
        : [];

    /// <inheritdoc/>
    public void Apply(Snapshot snapshot)
    {
        var kind = snapshot.Config.L4.Engine;
        if (_running is { } running && running.Kind == kind)
        {
            running.Engine.Apply(snapshot);
            _applied = snapshot;
            return;
        }

        CheckChange(kind, snapshot);
        var next = new Named(kind, _create(kind));
        try
        {
            next.Engine.Apply(snapshot);
            if (_running is not null)
                Replace(_running.Engine, next.Engine, snapshot);
            else
                RemoveLeftovers(snapshot);
        }
        catch
        {
            next.Engine.Dispose();
            throw;
        }

        var before = _running;
        _running = next;
        (_applied, _replaced) = (snapshot, _applied);
        if (before?.Engine is UserspaceEngine relays)
            Retire(relays);
        else
            before?.Engine.Dispose();
    }

    /// <inheritdoc/>
    public L4Status Status() => _running?.Engine.Status() ?? L4Status.Empty;

    /// <inheritdoc/>
    public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol) => _running?.Engine.Explain(from, to, protocol);

    /// <summary>Takes note that this host drains, or no longer does: what it remembers of flows is from before others had its addresses then.</summary>
    public void Drain(bool begins)
    {
        if (!begins && _running?.Engine is XdpEngine engine)
            engine.DoubtFlows();
    }

    /// <summary>Connections that this process relays, and that would end with it.</summary>
    public int RelayedConnections()
    {
        lock (_retired)
            return _retired.Append(_running?.Engine as UserspaceEngine).Sum(engine => engine?.OpenConnections ?? 0);
    }

    /// <summary>Resets connections that this process relays; new ones are taken as ever. It returns before they have ended.</summary>
    public void ResetRelayed()
    {
        lock (_retired)
        {
            foreach (var engine in _retired.Append(_running?.Engine as UserspaceEngine))
                engine?.ResetConnections();
        }
    }

    /// <inheritdoc/>
    public Task MakeWayAsync(TimeSpan limit) => _running?.Engine.MakeWayAsync(limit) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<int> DrainAsync(TimeSpan timeout, bool keepsListening = false)
    {
        Task<int>[] all;
        lock (_retired)
            all = [.. _retired.Append(_running?.Engine).OfType<IL4Engine>().Select(engine => engine.DrainAsync(timeout, keepsListening))];
        return (await Task.WhenAll(all)).Sum();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _running?.Engine.Dispose();
        lock (_retired)
            _retired.ForEach(engine => engine.Dispose());
    }

    private void Retire(UserspaceEngine relays)
    {
        relays.Retire();
        lock (_retired)
        {
            _retired.RemoveAll(engine => engine.IsDisposed);
            _retired.Add(relays);
        }
    }

    private static IL4Engine Create(L4Engine kind, ILoggerFactory loggers, TimeProvider time, DescriptorShares descriptors, ListenerStore store) => kind switch
    {
        L4Engine.Ipvs => new IpvsEngine(loggers),
        L4Engine.Userspace => new UserspaceEngine(loggers, time, descriptors, store),
        _ => new XdpEngine(loggers, time),
    };

    private static Snapshot WithoutServices(Snapshot snapshot) =>
        snapshot with { Config = snapshot.Config with { L4 = new L4Config { Ipvs = new IpvsConfig { State = snapshot.Config.L4.Ipvs.State } } } };

    // IPVS leaves to this host's stack what it has no connection for; XDP does not, and the kernel's connections have no socket here. Back to what has just been replaced, as when
    // another tier refuses the reload, is no change.
    private void CheckChange(L4Engine to, Snapshot snapshot)
    {
        if (_running is not { } running || ReferenceEquals(snapshot, _replaced))
            return;
        var isCut = to == L4Engine.Userspace || (running.Kind == L4Engine.Userspace && to == L4Engine.Xdp);
        var carries = _applied is { Config.L4.Services.IsEmpty: false } || running.Engine is UserspaceEngine { HasConnections: true };
        if (isCut && carries)
        {
            var (from, other) = (running.Kind.ToString().ToLowerInvariant(), to.ToString().ToLowerInvariant());
            throw new L4ApplyException($"l4.engine: a reload does not change {from} to {other}, for that would cut the services' connections: restart the daemon when they may end");
        }
    }

    // One engine lets go where another has taken over; where it can't, the other does, and what ran runs on.
    private void Replace(IL4Engine before, IL4Engine next, Snapshot snapshot)
    {
        try
        {
            before.Apply(WithoutServices(snapshot));
        }
        catch
        {
            try
            {
                next.Apply(WithoutServices(snapshot));
            }
            catch (L4ApplyException error)
            {
                _logger.LogError(error, "both engines have services in the kernel");
            }

            throw;
        }
    }

    // What a daemon before, with another engine, has left in the kernel: it would take the packets ahead of this one.
    private void RemoveLeftovers(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty)
            return;
        if (config.Engine != L4Engine.Xdp && HasPins(config.Pins))
        {
            _logger.LogWarning("engine {Engine} takes over: programs of engine xdp leave {Interfaces}", config.Engine, string.Join(", ", XdpEngine.Detach(config.Pins)));
        }

        if (config.Engine != L4Engine.Ipvs && File.Exists(config.Ipvs.State))
        {
            using var other = _create(L4Engine.Ipvs);
            other.Apply(WithoutServices(snapshot));
            _logger.LogWarning("engine {Engine} takes over: services of engine ipvs are gone", config.Engine);
        }
    }

    // A folder that may not be looked into holds another user's: what runs by it can't be taken away from here.
    private static bool HasPins(string folder)
    {
        try
        {
            return new PinTree(folder).HasOwn;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private sealed record Named(L4Engine Kind, IL4Engine Engine);
}
