// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.Model;
using Penstock.Model.Peers;

namespace Penstock.Daemon.Peers;

/// <summary>Asks one peer again and again, and keeps what it said. It holds one report and one list of differences, whatever happens.</summary>
/// <param name="peer">Whom it asks.</param>
/// <param name="before">What was known of it before; null: nothing.</param>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class PeerLink(PeerHostConfig peer, PeerView? before, ILogger logger, TimeProvider time)
{
    /// <summary>Questions in a row without an answer that make a peer down. One is lost where its daemon restarts.</summary>
    public const int Fall = 3;

    // Until it is known whether it is there it is asked more often: flows may go to it meanwhile.
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(250);

    // A digest that could not be had is megabytes that are asked for in vain.
    private static readonly TimeSpan s_compareAgain = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly long[] _failures = new long[Enum.GetValues<PeerFaultKind>().Length];
    private PeerView _view = before ?? new PeerView(peer.Name, peer.Address.ToString(), PeerState.Unknown, time.GetUtcNow(), Fault: null, "", Report: null, ReportAt: 0, ConfigDrift.None);
    private int _failed;
    private int _silent;
    private DateTimeOffset _failedSince;
    private (string Theirs, string Ours) _compared;
    private (string Theirs, string Ours, long At)? _uncompared;

    /// <summary>What is known of the peer.</summary>
    public PeerView View => Volatile.Read(ref _view);

    /// <summary>The peer.</summary>
    public PeerHostConfig Peer => peer;

    /// <summary>Questions without an answer since the link began, by reason.</summary>
    public IEnumerable<(PeerFaultKind Kind, long Count)> Failures => _failures.Select((_, kind) => ((PeerFaultKind)kind, Volatile.Read(ref _failures[kind])));

    /// <summary>Asks until it is told to stop.</summary>
    /// <param name="client">Asks.</param>
    /// <param name="key">Key of digests, in hex.</param>
    /// <param name="config">This host's running configuration; null: there is none.</param>
    /// <param name="interval">Time between the beginnings of two questions.</param>
    /// <param name="serves">Whether its proxy tier takes connections, whatever its daemon says.</param>
    /// <param name="asked">Called after each question.</param>
    /// <param name="stop">Ends it.</param>
    public async Task RunAsync(PeerClient client, string key, Func<SharedConfig?> config, TimeSpan interval, Func<CancellationToken, Task<bool>> serves, Action asked, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                await AskAsync(client, key, config(), serves, stop);
                asked();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The one catch-all of this loop: the next question may fare better.
                logger.LogError(error, "peer {Peer}: the question failed", peer.Name);
                Note(new PeerFaultException(PeerFaultKind.Answer, error.Message, error));
            }

            var left = (View.Proxy is null && interval > s_first ? s_first : interval) - time.GetElapsedTime(started);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes an answer.</summary>
    public void Note(PeerReport report)
    {
        lock (_gate)
        {
            (_failed, _silent) = (0, 0);
            var isBack = _view.State != PeerState.Up;
            if (isBack)
                logger.LogInformation("peer {Peer} at {Address} is up: generation {Generation}, version {Version}", peer.Name, _view.Address, report.Generation, report.Version);
            Volatile.Write(ref _view, _view with { State = PeerState.Up, Since = isBack ? time.GetUtcNow() : _view.Since, Fault = null, Reason = "", Report = report, ReportAt = time.GetTimestamp(), Proxy = Judge(report) });
        }
    }

    /// <summary>Takes that there was none.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="serves">Whether its proxy tier takes connections all the same: then its channel alone has failed.</param>
    public void Note(PeerFaultException fault, bool serves = false)
    {
        Interlocked.Increment(ref _failures[(int)fault.Kind]);
        lock (_gate)
        {
            if (_failed++ == 0)
                _failedSince = time.GetUtcNow();
            var falls = _view.State == PeerState.Unknown || (_view.State == PeerState.Up && _failed >= Fall);
            if (falls || (_view.State == PeerState.Down && _view.Fault != fault.Kind))
                logger.LogWarning("peer {Peer} at {Address} is down: {Reason}", peer.Name, _view.Address, fault.Message);
            _silent = serves ? 0 : IsSilence(fault.Kind) ? _silent + 1 : fault.Kind == PeerFaultKind.Closed ? _silent : 0; // what ends a connection may be the end of the host
            var isGone = _silent >= Fall; // at the start too: the flows that a peer has are not to end by one lost question
            Volatile.Write(ref _view, _view with { Fault = fault.Kind, Reason = fault.Message, Proxy = isGone && _view.Proxy?.State != EndpointState.Down ? new ProxyState(EndpointState.Down, $"{peer.Name} is down: {fault.Message}") : _view.Proxy });
            if (!falls)
                return;
            (_compared, _uncompared) = (default, null);
            Volatile.Write(ref _view, _view with { State = PeerState.Down, Since = _failedSince, Report = null, Drift = ConfigDrift.None, Uncompared = "" });
        }
    }

    /// <summary>Takes what differs.</summary>
    public void Note(ConfigDrift drift, string node)
    {
        lock (_gate)
        {
            if (drift.Count > 0 && !drift.Keys.SequenceEqual(_view.Drift.Keys))
                logger.LogWarning("the configuration of peer {Peer} differs in {Text}", peer.Name, Text(drift, node));
            else if (drift.Count == 0 && _view.Drift.Count > 0)
                logger.LogInformation("the configuration of peer {Peer} differs no more", peer.Name);
            Volatile.Write(ref _view, _view with { Drift = drift, Uncompared = "" });
        }
    }

    /// <summary>Takes that its configuration could not be compared. What it said of itself is none the worse for that, and what differed before is kept.</summary>
    public void NoteUncompared(PeerFaultException fault)
    {
        Interlocked.Increment(ref _failures[(int)fault.Kind]);
        lock (_gate)
        {
            if (!string.Equals(fault.Message, _view.Uncompared, StringComparison.Ordinal))
                logger.LogWarning("the configuration of peer {Peer} cannot be compared: {Reason}", peer.Name, fault.Message);
            Volatile.Write(ref _view, _view with { Uncompared = fault.Message });
        }
    }

    /// <summary>Differences as one line.</summary>
    public string Text(ConfigDrift drift, string node)
    {
        const int shown = 10;
        var keys = drift.Keys.Take(shown).Select(key => key.Text(node, peer.Name));
        return $"{drift.Count} {(drift.Count == 1 ? "key" : "keys")}: {string.Join(", ", keys)}{(drift.Count > shown ? $" and {drift.Count - shown} more" : "")}";
    }

    private ProxyState Judge(PeerReport report) =>
        report.IsDraining ? new ProxyState(EndpointState.Drain, $"{peer.Name} drains") : new ProxyState(EndpointState.Ready, "");

    // A daemon that shows a certificate, or ends a connection because of ours, is there, and so is its proxy tier: nothing is said of it.
    private static bool IsSilence(PeerFaultKind kind) => kind is PeerFaultKind.Refused or PeerFaultKind.Unreachable or PeerFaultKind.Timeout;

    // Once a question has been lost its proxies are asked at the same time, so that a host that has died is found out no later.
    private async Task AskAsync(PeerClient client, string key, SharedConfig? config, Func<CancellationToken, Task<bool>> serves, CancellationToken stop)
    {
        var serving = _failed > 0 ? serves(stop) : Task.FromResult(false);
        try
        {
            Note(await client.AskAsync(stop));
            await CompareAsync(client, key, config, stop);
        }
        catch (PeerFaultException fault)
        {
            Note(fault, IsSilence(fault.Kind) && await serving);
        }
    }

    // The hashes are asked for only where they differ as a whole, and once for each state of the two.
    private async Task CompareAsync(PeerClient client, string key, SharedConfig? config, CancellationToken stop)
    {
        if (config is null || View.Report is not { } report)
            return;
        var pair = (Theirs: report.ConfigDigest, Ours: config.Digest(key).Root);
        if (pair == _compared)
            return;
        if (_uncompared is { } tried && pair == (tried.Theirs, tried.Ours) && time.GetElapsedTime(tried.At) < s_compareAgain)
            return;
        var drift = ConfigDrift.None;
        if (!string.Equals(pair.Theirs, pair.Ours, StringComparison.Ordinal))
        {
            ConfigDigest theirs;
            try
            {
                theirs = await client.DigestAsync(stop);
            }
            catch (PeerFaultException fault)
            {
                (_compared, _uncompared) = (default, (pair.Theirs, pair.Ours, time.GetTimestamp()));
                NoteUncompared(fault);
                return;
            }

            pair = pair with { Theirs = theirs.Root };
            drift = ConfigDrift.Between(config.Digest(key, theirs.Level).Entries, theirs.Entries, stop);
        }

        Note(drift, config.Config.Node);
        (_compared, _uncompared) = (pair, null);
    }
}
