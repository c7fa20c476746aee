// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Upstream;

/// <summary>
/// One reactor's connections to one endpoint. Unused ones are a list, newest last. A connection is only used again when
/// nothing has come over it since its last response: bytes nobody asked for must not answer the next request.
/// </summary>
internal sealed class EndpointPool
{
    /// <summary>How long sessions are gone on with after the endpoint's certificate was verified, ms.</summary>
    private const long VerifiedMilliseconds = 3_600_000;

    private readonly IdleTimer _timer;
    private byte[] _hostField;
    private ActiveCounts _activeOfCell = Apart(active: 0);
    private int _index;
    private UpstreamConnection? _oldest;
    private UpstreamConnection? _newest;
    private int _idle;
    private bool _retired;
    private TlsSavedSession? _savedSession;
    private long _verifiedAt;
    private long _active;
    private long _connections;
    private long _requests;
    private long _failures;

    internal EndpointPool(Reactor reactor, SocketAddress address, string name, ClusterConfig config)
    {
        Reactor = reactor;
        Address = address;
        Name = name;
        Config = config;
        _hostField = HostOf(config);
        _timer = new IdleTimer(this);
        Streams = new Http2Connections(this);
    }

    /// <summary>Its reactor.</summary>
    internal Reactor Reactor { get; }

    /// <summary>Where the endpoint listens.</summary>
    internal SocketAddress Address { get; }

    /// <summary>Its HTTP/2 connections.</summary>
    internal Http2Connections Streams { get; }

    /// <summary>The address as text.</summary>
    internal string Name { get; }

    /// <summary>The Host field that the endpoint sees in place of the client's, as of the newest snapshot; empty: the client's.</summary>
    internal ReadOnlySpan<byte> HostField => _hostField;

    /// <summary>Timeouts and limits, as of the newest snapshot.</summary>
    internal ClusterConfig Config { get; private set; }

    /// <summary>TLS towards the endpoint, as of the newest snapshot; null: none.</summary>
    internal TlsClient? Tls { get; private set; }

    /// <summary>A session to go on with; null: none, or the endpoint's certificate is to be verified again.</summary>
    internal TlsSavedSession? SavedSession => Reactor.Now - _verifiedAt < VerifiedMilliseconds ? _savedSession : null;

    /// <summary>The endpoint's slot in its cluster; in the use of another endpoint, perhaps, once this is retired.</summary>
    internal int Slot { get; private set; }

    /// <summary>Requests in flight.</summary>
    internal long Active => Volatile.Read(ref _active);

    /// <summary>Connections open.</summary>
    internal long Connections => Volatile.Read(ref _connections);

    /// <summary>Requests sent.</summary>
    internal long Requests => Volatile.Read(ref _requests);

    /// <summary>Requests that failed here.</summary>
    internal long Failures => Volatile.Read(ref _failures);

    /// <summary>Whether the endpoint is in no snapshot any more.</summary>
    internal bool IsRetired => _retired;

    /// <summary>Whether another connection may be opened.</summary>
    internal bool MayConnect => _connections < Config.Pool.MaxConnections;

    /// <summary>A connection that was used before and is fit to be used again; null when there is none.</summary>
    internal UpstreamConnection? TakeIdle()
    {
        while (_newest is { } newest)
        {
            var candidate = IsProven(newest) ? newest : _oldest!; // There is a newest, so there is an oldest.
            if (TryTake(candidate))
                return candidate;
        }

        return null;
    }

    /// <summary>Takes an unused connection; one that is not fit to be used again is closed instead.</summary>
    internal bool TryTake(UpstreamConnection connection)
    {
        var fit = IsProven(connection) || connection.IsQuiet();
        Unlink(connection);
        if (!fit)
            connection.Close();
        return fit;
    }

    /// <summary>Whether another connection may be opened, if need be in the place of an unused one, which this closes, or of several where a reload has lowered the limit: for a request that can't use one.</summary>
    internal bool MakeRoom()
    {
        while (!MayConnect && _oldest is { } oldest)
            DropIdle(oldest);
        return MayConnect || (Streams.DropUnused() && MayConnect);
    }

    /// <summary>A new, unconnected connection; counted until it is closed.</summary>
    internal UpstreamConnection Create()
    {
        OnConnectionOpened();
        return new UpstreamConnection(this);
    }

    /// <summary>Somebody else opens a connection; counted until it is closed.</summary>
    internal void OnConnectionOpened() => Volatile.Write(ref _connections, _connections + 1);

    /// <summary>Takes a connection back whose response is complete; it must hold no unread byte.</summary>
    internal void PutBack(UpstreamConnection connection)
    {
        var clean = !connection.IsBroken && !connection.Writer.HasFailed && !connection.Reader.HasBuffered && (!connection.Reader.IsReady || connection.IsQuiet());
        connection.SaveSession();
        if (_retired || !clean || Config.Pool.MaxIdle == 0 || IsLast(connection) || IsOfNoUse(connection))
        {
            connection.Close();
            return;
        }

        // The one just used is the likelier to be used again: it may belong to a client that is active, the oldest to one that is not.
        if (_idle >= Config.Pool.MaxIdle)
            DropOldest();

        connection.Reader.Guard.Off();
        connection.Writer.Guard.Off();
        connection.IsIdle = true;
        connection.IdleTurn = Reactor.Turn;
        connection.IdleSince = Reactor.Now;
        connection.Older = _newest;
        if (_newest is { } newest)
            newest.Newer = connection;
        else
            _oldest = connection;
        _newest = connection;
        if (_idle++ == 0)
            ArmTimer();
        connection.Owner?.Add(connection);
    }

    /// <summary>Whether a connection may carry no request after its present one.</summary>
    internal bool IsLast(UpstreamConnection connection) => Config.Pool.MaxRequests > 0 && connection.Requests >= Config.Pool.MaxRequests;

    /// <summary>Closes an unused connection.</summary>
    internal void DropIdle(UpstreamConnection connection)
    {
        Unlink(connection);
        connection.Close();
    }

    /// <summary>Closes the connection that has been unused for longest; false when there is none.</summary>
    internal bool DropOldest()
    {
        if (_oldest is not { } oldest)
            return Streams.DropUnused();
        DropIdle(oldest);
        return true;
    }

    /// <summary>The endpoint is in no snapshot any more: unused connections close now, the others after their request.</summary>
    internal void Retire()
    {
        _retired = true;
        _activeOfCell = Apart((int)_active);
        _index = 0;
        while (_newest is { } newest)
            DropIdle(newest);
        Streams.Drain();
    }

    /// <summary>Keeps what a session can be gone on with by the next connection.</summary>
    internal void Keep(TlsSavedSession? session, TlsClient by)
    {
        if (session is not null && ReferenceEquals(by, Tls))
            _savedSession = session;
    }

    /// <summary>The endpoint's certificate has been verified: a session that goes on is not, and each has a new ticket.</summary>
    internal void OnVerified() => _verifiedAt = Reactor.Now;

    /// <summary>The endpoint is in a snapshot, or one with another configuration of its cluster.</summary>
    /// <param name="config">Its cluster.</param>
    /// <param name="tls">TLS towards it.</param>
    /// <param name="active">Where the balancer looks for requests in flight.</param>
    /// <param name="slot">This endpoint's place there.</param>
    internal void Revive(ClusterConfig config, TlsClient? tls, ActiveCounts active, int slot)
    {
        _retired = false;
        var isBegunOtherwise = Config.ProxyProtocol != config.ProxyProtocol || Config.Protocol != config.Protocol || !ReferenceEquals(Tls, tls);
        if (isBegunOtherwise || Config.Pool != config.Pool)
            Streams.Drain();
        if (!ReferenceEquals(Tls, tls))
            _savedSession = null;
        if (!ReferenceEquals(Config, config))
            _hostField = HostOf(config);
        (Config, Tls) = (config, tls);
        while (isBegunOtherwise && _oldest is { } oldest)
            DropIdle(oldest); // What they began with is not what they are to begin with now.

        active[slot] = (int)_active;
        _activeOfCell = active;
        Slot = _index = slot;
    }

    private byte[] HostOf(ClusterConfig config) => config switch
    {
        { RewriteHost: { } host } => Encoding.ASCII.GetBytes(host),
        { Host: UpstreamHost.Preserve } => [],
        _ when Address.IsUnix => "localhost"u8.ToArray(),
        _ => Encoding.ASCII.GetBytes(Name),
    };

    /// <summary>A connect failed.</summary>
    internal void OnFailure() => Volatile.Write(ref _failures, _failures + 1);

    /// <summary>A request begins.</summary>
    internal void OnRequest()
    {
        Volatile.Write(ref _active, _active + 1);
        _activeOfCell[_index]++;
        Volatile.Write(ref _requests, _requests + 1);
    }

    /// <summary>A request has ended.</summary>
    internal void OnRequestEnded(bool failed)
    {
        Volatile.Write(ref _active, _active - 1);
        _activeOfCell[_index]--;
        if (failed)
            Volatile.Write(ref _failures, _failures + 1);
    }

    /// <summary>A connection is closed.</summary>
    internal void OnConnectionClosed() => Volatile.Write(ref _connections, _connections - 1);

    // Where no balancer looks.
    private static ActiveCounts Apart(int active)
    {
        var counts = new ActiveCounts();
        counts.Fit(1);
        counts[0] = active;
        return counts;
    }

    // Whether every descriptor that was ready has been looked at since it became idle, and nothing had come on this one.
    private bool IsProven(UpstreamConnection connection) => connection.IdleTurn < Reactor.WholeTurn && !connection.HasUnreadEvent;

    // Whether it began with another PROXY header, or other TLS, than connections are to begin with now, or names a client that is gone.
    private bool IsOfNoUse(UpstreamConnection connection) => Config.Protocol != UpstreamProtocol.H1 || connection.Announced != Config.ProxyProtocol || !ReferenceEquals(connection.SecuredBy, Tls) || connection.Owner is { IsClosed: true };

    private void Unlink(UpstreamConnection connection)
    {
        connection.Owner?.Remove(connection);
        if (connection.Older is { } older)
            older.Newer = connection.Newer;
        else
            _oldest = connection.Newer;
        if (connection.Newer is { } newer)
            newer.Older = connection.Older;
        else
            _newest = connection.Older;
        connection.Older = connection.Newer = null;
        connection.IsIdle = false;
        _idle--;
    }

    private void ArmTimer() =>
        Reactor.Timers.Arm(_timer, _oldest!.IdleSince + (long)Config.Timeouts.Idle.TotalMilliseconds); // Called while there is one.

    private void CloseExpired()
    {
        var before = Reactor.Now - (long)Config.Timeouts.Idle.TotalMilliseconds;
        while (_oldest is { } oldest && oldest.IdleSince <= before)
            DropIdle(oldest);
        if (_oldest is not null)
            ArmTimer();
    }

    private sealed class IdleTimer(EndpointPool pool) : TimerNode
    {
        public override void OnExpired() => pool.CloseExpired();
    }
}
