// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Penstock.Config.Reading;
using Penstock.ControlPlane;
using Penstock.L7.Acme;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Peers;
using Penstock.Model.Vrrp;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Peers;

/// <summary>
/// What this host tells its peers and hears of them. Nothing here can refuse a configuration or hold it up: it works on tasks of its own, and what fails is reported and tried again.
/// </summary>
internal sealed class PeerTier : IAsyncDisposable
{
    // What can't be bound or read now may be there later: an address that comes up, a file that is put in place.
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly OwnHost _own;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly string _key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(ConfigDigest.KeyBytes));
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly PeerListener _listener;
    private readonly InstanceWatch _watch;
    private readonly AnnouncementWatch _announcements;
    private readonly PeerMeter _meter;
    private readonly Lock _looking = new();
    private readonly Task _running;
    private volatile SharedConfig? _config;
    private volatile string? _trouble;
    private ImmutableArray<PeerLink> _links = [];
    private ImmutableDictionary<IPAddress, ProxyState> _proxies = ImmutableDictionary<IPAddress, ProxyState>.Empty;
    private volatile bool _isDraining;
    private (Snapshot? Snapshot, DateTimeOffset At) _followed;
    private volatile TlsIdentity? _identity;
    private string? _fingerprint;
    private CancellationTokenSource? _asking;
    private Task _asked = Task.CompletedTask;

    /// <summary>A tier that does nothing until it is given a snapshot.</summary>
    /// <param name="vrrp">What this host's VRRP instances do.</param>
    /// <param name="bgp">What is announced by BGP.</param>
    /// <param name="state"><c>running</c> or <c>draining</c>.</param>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    public PeerTier(Func<VrrpStatus> vrrp, Func<BgpStatus> bgp, Func<string> state, ILoggerFactory loggers, TimeProvider time)
    {
        (_own, _time, _logger) = (new OwnHost(vrrp, bgp, state), time, loggers.CreateLogger<PeerTier>());
        (_watch, _announcements) = (new InstanceWatch(_logger, time), new AnnouncementWatch(_logger, time));
        var api = new PeerApi(() => _config, Report);
        _listener = new PeerListener(api.HandleAsync, _logger, time);
        _meter = new PeerMeter(
            () => _links,
            () => OwnHost.RouterId(Config),
            () => _links.IsEmpty ? [] : Config?.Vrrp.Select(instance => instance.Name) ?? [],
            () => _watch.Findings,
            () => _links.IsEmpty ? [] : _own.Bgp?.Addresses.Select(one => one.Address) ?? [],
            () => _announcements.Findings,
            () => _listener.Refusals,
            Certificates);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Called after <see cref="Proxies"/> has changed, on any thread.</summary>
    public Action? ProxiesChanged { get; set; }

    /// <summary>What CAs ask for while an order of this host waits, which peers are told.</summary>
    public Func<IReadOnlyList<AcmeChallenge>>? Challenges { get; set; }

    /// <summary>Takes what CAs ask for while orders of the peers wait, on any thread.</summary>
    public Action<IEnumerable<AcmeChallenge>>? ChallengesHeard { get; set; }

    /// <summary>Hosts of the proxy tier of which something is known, this one among them, by their addresses; the same object until it changes.</summary>
    public ImmutableDictionary<IPAddress, ProxyState> Proxies => Volatile.Read(ref _proxies);

    private ApplianceConfig? Config => _config?.Config;

    /// <summary>Goes by a snapshot from now on. Certificates are read again where its configuration was.</summary>
    public void Follow(Snapshot snapshot)
    {
        lock (_looking)
            _followed = (snapshot, _time.GetUtcNow());
        if (ReferenceEquals(snapshot.Config, Config))
            return;
        _config = new SharedConfig(snapshot.Config, _time);
        FollowProxies();
        Wake();
    }

    /// <summary>Whether this host is to get no new flows of the proxy tier: its own services follow at once, peers when they ask.</summary>
    public void Drain(bool drains)
    {
        _isDraining = drains;
        FollowProxies();
    }

    /// <summary>Peers that may still send new flows here although this host drains: they are there, and have not said that they don't.</summary>
    public IReadOnlyList<string> Untold() => Config is { Peers: not null } config
        ? [.. _links.Select(link => link.View).Where(view => view.Proxy?.State != EndpointState.Down && !(view is { IsFresh: true, Report: { } report } && Knows(report, config.Node))).Select(view => view.Node)]
        : [];

    /// <summary>For the end of a daemon that is about to take no more connections: returns when no peer sends new flows here, or it has not heard of one for as long as that may take.</summary>
    /// <param name="limit">Longest wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task UntilToldAsync(TimeSpan limit, CancellationToken cancellation)
    {
        if (Config is not { Peers: { } peers } config || !config.L4.Services.Any(service => service.Forwarding == Forwarding.L7 && service.Backends.Length > 1))
            return;
        var enough = (peers.Interval * 3) + peers.Timeout; // they ask, they change, they are asked
        var patience = enough < limit ? enough : limit;
        var started = _time.GetTimestamp();
        while (Untold().Count > 0 && _time.GetElapsedTime(started) < patience && !cancellation.IsCancellationRequested)
            await Task.Delay(s_poll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Whether a peer says that it would take a VRRP instance of this host; null: there are no peers.</summary>
    public bool? IsBackedUp(string instance)
    {
        if (Config is not { Peers: not null } config)
            return null;
        if (_own.Instances(config).FirstOrDefault(own => string.Equals(own.State.Name, instance, StringComparison.Ordinal)) is not { } own)
            return false;
        return _links.Any(link => link.View is { IsFresh: true, Report: { IsDraining: false } report } && own.On(report) is { Role: VrrpRole.Backup });
    }

    /// <summary>What is known of the peers.</summary>
    public PeersStatus Status()
    {
        if (Config is not { Peers: not null } config)
            return new PeersStatus([], []);
        var links = _links;
        var own = _own.Instances(config);
        var warnings = _watch.Findings.Select(finding => finding.Text).Concat(_announcements.Findings.Select(finding => finding.Text)).Concat(links.SelectMany(link => Warnings(link, config))).ToList();
        if (_trouble is { } trouble)
            warnings.Add(trouble);
        warnings.AddRange(Certificates().Select(one => one.Warning(_time.GetUtcNow())).OfType<string>());
        if (_listener.LastRefusal is { } refusal)
            warnings.Add(refusal);
        return new PeersStatus([.. links.Select(link => Describe(link.View, own))], warnings);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _meter.Dispose();
        await _stop.CancelAsync();
        await _running;
        await CloseAsync();
        _stop.Dispose();
        _changed.Dispose();
    }

    private static IEnumerable<string> Warnings(PeerLink link, ApplianceConfig config)
    {
        var view = link.View;
        if (view.State == PeerState.Down)
            yield return $"peer {view.Node} at {view.Address} is down since {view.Since:yyyy-MM-dd HH:mm:ss}Z: {view.Reason}";
        if (view.Uncompared.Length > 0)
            yield return $"the configuration of peer {view.Node} cannot be compared: {view.Uncompared}";
        if (view.Drift.Count > 0)
            yield return $"the configuration differs from that of peer {view.Node} in {link.Text(view.Drift, config.Node)}";
        if (view.HasRouterId(OwnHost.RouterId(config)))
            yield return $"peer {view.Node} has bgp.router_id {OwnHost.RouterId(config)}, as this host has: routers take the two for one; give each its own";
    }

    private static PeerStatus Describe(PeerView view, IReadOnlyList<OwnInstance> own) => new(
        view.Node,
        view.Address,
        view.State,
        view.Since,
        view.Reason,
        view.Report?.Version ?? "",
        view.Report?.State ?? "",
        view.Report?.Generation ?? 0,
        view.Report?.SnapshotAt,
        view.Report?.Unready ?? 0,
        view.Report is { } report ? [.. own.SelectMany(instance => instance.On(report) is { } other ? [new PeerRole(instance.State.Name, other.Role, other.Since, other.Priority)] : Array.Empty<PeerRole>())] : [],
        view.Report?.Bgp,
        view.Drift.Count,
        view.Drift.Keys);

    private static string Fingerprint(string node, PeersConfig peers, TlsIdentity identity) =>
        $"{node} {peers.Listen} {peers.Interval} {peers.Timeout} {string.Join(' ', peers.Hosts.Select(host => $"{host.Name}={host.Address} {host.Proxy}"))} {identity.Fingerprint}";

    private IEnumerable<PeerCertificate> Certificates() => Config?.Peers is { } peers && _identity is { } identity ? PeerCertificate.Of(peers, identity) : [];

    private PeerReport Report(string root)
    {
        (Snapshot? Snapshot, DateTimeOffset At) followed;
        lock (_looking)
            followed = _followed;
        var snapshot = followed.Snapshot!; // the API asks only where there is one
        string[] drained = [.. _links.Where(link => link.View.Proxy?.State == EndpointState.Drain && !TakesFlows(link.Peer.ProxyAddress(), snapshot)).Select(link => link.Peer.Name)];
        return _own.Report(snapshot, followed.At, root, drained) with { Challenges = Challenges?.Invoke() };
    }

    private static bool Knows(PeerReport report, string node) => report.Drained?.Contains(node, StringComparer.Ordinal) ?? true;

    private static bool TakesFlows(IPAddress proxy, Snapshot snapshot) => snapshot.Config.L4.Services.Any(service =>
        service.Forwarding == Forwarding.L7 && snapshot.Services[service.Name].Any(backend => backend.State == EndpointState.Ready && backend.Config.Address.Equals(proxy)));

    // Under the lock: what is published last is what was read last.
    private void FollowProxies()
    {
        lock (_looking)
        {
            var known = ImmutableDictionary.CreateBuilder<IPAddress, ProxyState>();
            if (Config is { Peers: { } peers })
            {
                foreach (var link in _links)
                {
                    if (link.View.Proxy is { } proxy)
                        known[link.Peer.ProxyAddress()] = proxy;
                }

                known[peers.OwnProxy()] = _isDraining ? new ProxyState(EndpointState.Drain, "this host drains") : new ProxyState(EndpointState.Ready, "");
            }

            if (known.Count == _proxies.Count && known.All(one => _proxies.GetValueOrDefault(one.Key) == one.Value))
                return;
            Volatile.Write(ref _proxies, known.ToImmutable());
        }

        ProxiesChanged?.Invoke();
    }

    private void Look()
    {
        FollowProxies();
        ChallengesHeard?.Invoke(_links.SelectMany(link => link.View.Report?.Challenges ?? []));
        if (Config is not { Peers: { } peers } config)
            return;
        var (instances, bgp) = (_own.Instances(config), _own.Bgp);
        lock (_looking)
        {
            PeerView[] views = [.. _links.Select(link => link.View)];
            _watch.Look(instances, views, peers.Interval);
            _announcements.Look(bgp, views, peers.Interval);
        }
    }

    private void Wake()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been told already, and reads what is there when its turn comes.
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync();
            }
            catch (Exception error)
            {
                // The one catch-all of this loop: peers are no reason to harm this host.
                Say($"peers could not be set up: {error.Message}");
            }

            Task waiting = _changed.WaitAsync(_trouble is null ? Timeout.InfiniteTimeSpan : s_retry, _stop.Token);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ApplyAsync()
    {
        if (Config is not { Peers: { } peers } config)
        {
            await CloseAsync();
            Say(trouble: null);
            return;
        }

        var trouble = Read(config.Node, peers);
        if (_identity is { } identity)
            trouble = await ServeAsync(config.Node, peers, identity) ?? trouble;
        Say(trouble);
    }

    /// <summary>Asks and listens by an identity, unless that is done.</summary>
    /// <returns>What keeps it from listening; null: nothing.</returns>
    private async Task<string?> ServeAsync(string node, PeersConfig peers, TlsIdentity identity)
    {
        var fingerprint = Fingerprint(node, peers, identity);
        if (string.Equals(fingerprint, _fingerprint, StringComparison.Ordinal) && _listener.IsOpen)
            return null;
        var tls = new PeerTls(identity, _time);
        if (!string.Equals(fingerprint, _fingerprint, StringComparison.Ordinal))
        {
            await CloseAsync();
            _fingerprint = fingerprint;
            Ask(peers, tls);
        }

        return Listen(peers, tls);
    }

    // Where files can't be used, those read before hold on: such a fault is a warning when the daemon starts or reloads, and tried again here.
    private string? Read(string node, PeersConfig peers)
    {
        var faults = new List<TlsFault>();
        if (TlsIdentity.Read(peers.Certificate, peers.Key, peers.Ca, node, _time.GetUtcNow(), faults) is { } identity)
        {
            _identity = identity;
            return null;
        }

        return $"peers: {faults.First(fault => fault.IsError).Found}: {(_identity is null ? "no peer is asked or answered" : "the certificate read before holds on")}";
    }

    private void Say(string? trouble)
    {
        if (trouble is not null && !string.Equals(trouble, _trouble, StringComparison.Ordinal))
            _logger.LogWarning("{Trouble}", trouble);
        _trouble = trouble;
    }

    private void Ask(PeersConfig peers, PeerTls tls)
    {
        var before = _links.ToDictionary(link => (link.Peer.Name, link.Peer.Address), link => link.View);
        _asking = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var stop = _asking.Token;
        _links = [.. peers.Hosts.Select(host => new PeerLink(host, before.GetValueOrDefault((host.Name, host.Address)), _logger, _time))];
        _asked = Task.WhenAll(_links.Select(link => Task.Run(
            async () =>
            {
                using var client = new PeerClient(link.Peer, tls, _key, peers.Timeout);
                await link.RunAsync(client, _key, () => _config, peers.Interval, limit => ProxyProbe.AnswersAsync(Config is { } config ? ProxyProbe.Targets(config, link.Peer) : [], peers.Timeout, limit), Look, stop);
            },
            CancellationToken.None)));
    }

    private string? Listen(PeersConfig peers, PeerTls tls)
    {
        try
        {
            _listener.Open(new IPEndPoint(peers.Listen.Address!, peers.Listen.Port), tls, [.. peers.Hosts.Select(host => host.Name)], [.. peers.Hosts.SelectMany(host => (IPAddress[])[host.Address.Address!, host.ProxyAddress()])]); // the configuration takes nothing else
            _logger.LogInformation("peers can ask at {Address}", peers.Listen);
            return null;
        }
        catch (SocketException error)
        {
            return $"peers.listen: {peers.Listen}: {error.Message}: peers can't ask this host until it can be bound";
        }
    }

    private async Task CloseAsync()
    {
        var (asking, asked) = (_asking, _asked);
        (_asking, _asked, _fingerprint) = (null, Task.CompletedTask, null);
        if (asking is not null)
        {
            await asking.CancelAsync();
            await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // What ended one of them must not keep others from being asked.
            asking.Dispose();
        }

        await _listener.CloseAsync();
        if (Config?.Peers is not null)
            return;
        _links = [];
        ChallengesHeard?.Invoke([]);
        lock (_looking)
        {
            _watch.Look([], [], TimeSpan.Zero);
            _announcements.Look(own: null, [], TimeSpan.Zero);
        }
    }
}
