// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Peers;
using Penstock.L4;
using Penstock.L7;
using Penstock.Model;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Running;

/// <summary>
/// Takes this host out for maintenance and back in, as an operator asks. It gives its roles and its announcements up first, while it has all its flows; only then is it in drain in
/// services of the proxy tier, so that no flow begins elsewhere of which the host that takes the address knows nothing. In maintenance, what is left is ended after a time.
/// </summary>
internal sealed class NodeDrain : IAsyncDisposable
{
    // Another host may come, or stand by, at any time.
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    // A clock that was set, or a record that is damaged, says more.
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    private readonly VrrpTier _vrrp;
    private readonly BgpTier _bgp;
    private readonly PeerTier _peers;
    private readonly L7Engine _engine;
    private readonly L4Tier _balancer;
    private readonly Action<bool>[] _others;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Penstock.Node");
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ApplianceConfig _config;
    private DrainRecord _record;
    private CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private State? _state;

    /// <summary>As the daemon before has left the host: what is said here is in effect before anything runs.</summary>
    /// <param name="config">The configuration that the daemon starts with.</param>
    /// <param name="vrrp">The VRRP instances.</param>
    /// <param name="bgp">The announced addresses.</param>
    /// <param name="peers">Tells peers.</param>
    /// <param name="engine">The HTTP tier.</param>
    /// <param name="balancer">The L4 tier.</param>
    /// <param name="others">Whatever else brings flows here or keeps them: told true when the host drains, false when it does no more.</param>
    /// <param name="logger">Log.</param>
    /// <param name="time">Clock.</param>
    public NodeDrain(ApplianceConfig config, VrrpTier vrrp, BgpTier bgp, PeerTier peers, L7Engine engine, L4Tier balancer, Action<bool>[] others, ILogger logger, TimeProvider time)
    {
        (_config, _vrrp, _bgp, _peers, _engine, _balancer, _others, _logger, _time) = (config, vrrp, bgp, peers, engine, balancer, others, logger, time);
        _record = new DrainRecord(Path.Combine(config.State, DrainRecord.Name));
        _meter.CreateObservableGauge("penstock.node.draining", () => IsDraining ? 1 : 0, unit: null, "Whether an operator has taken this host out.");
        if (Recorded() is not { } recorded)
            return;
        _state = new State(recorded.Outage, HandsOver: !recorded.Outage.HasHandedOver);
        if (!recorded.IsWhole)
            _logger.LogWarning("{Path} is damaged, it does not say since when this host drains: it drains as long as the file is there", Path.Combine(config.State, DrainRecord.Name));
        _logger.LogWarning("this host {Outage}, and goes on to: penstock ready --node ends it", DrainText.Since(recorded.Outage));
        _vrrp.Drain();
        if (recorded.Outage.HasHandedOver)
            _peers.Drain(drains: true);
        Tell(drains: true);
    }

    /// <summary>Whether this host is taken out.</summary>
    public bool IsDraining => Volatile.Read(ref _state) is not null;

    /// <summary>Whether other hosts are to send it no new flows: it has given up its roles, as far as others took them, and routers send it none.</summary>
    public bool TakesNoFlows => Volatile.Read(ref _state) is { HandsOver: false };

    /// <summary>What is left here.</summary>
    public NodeReport Report()
    {
        var state = Volatile.Read(ref _state);
        return new NodeReport(
            _config.Node,
            state is null ? NodeReport.Ready : state.Outage.EndsAt is null ? NodeReport.Drain : NodeReport.Maintenance,
            state?.Outage.Since,
            _vrrp.Held(),
            state is null ? [] : _peers.Untold(),
            state is null ? [] : [.. _bgp.Status().NotWithdrawn],
            _engine.OpenConnections(),
            _balancer.RelayedConnections(),
            state?.HandsOver ?? false)
        {
            By = state?.Outage.By ?? "",
            Why = state?.Outage.Why ?? "",
            EndsAt = state is { HasEnded: false } ? state.Outage.EndsAt : null,
        };
    }

    /// <summary>For a host that drains from the start: goes on where the daemon before has ended, be it in the middle of a hand-over. Called once what it hands over runs.</summary>
    public void Resume()
    {
        if (Volatile.Read(ref _state) is { } state)
            _work = HandOverAsync(state.Outage, _stop.Token);
    }

    /// <summary>
    /// Takes the host out, to drain or to maintenance; returns when that is recorded, and goes on in the background. One that drains goes on to as it did; from and to maintenance, what is said now counts.
    /// </summary>
    /// <param name="config">The running configuration.</param>
    /// <param name="endsAfter">How long connections that are left may go on until they are ended; null: as long as they take.</param>
    /// <param name="by">Who does.</param>
    /// <param name="why">Why; empty: not said.</param>
    /// <exception cref="IOException">It can't be recorded; nothing has changed.</exception>
    public async Task<NodeReport> TakeOutAsync(ApplianceConfig config, TimeSpan? endsAfter, string by, string why)
    {
        await _turn.WaitAsync();
        try
        {
            if (endsAfter is null && Volatile.Read(ref _state) is { Outage.EndsAt: null })
                return Report();
            await EndWorkAsync(); // it may be about to write the record
            var now = _time.GetUtcNow();
            var before = Volatile.Read(ref _state);
            var outage = new NodeOutage(before?.Outage.Since ?? now, before is { HandsOver: false }, now + endsAfter, by, why);
            var record = before is null ? new DrainRecord(Path.Combine(config.State, DrainRecord.Name)) : _record;
            try
            {
                record.Write(outage);
            }
            catch (IOException)
            {
                Resume();
                throw;
            }

            (_config, _record) = (config, record);
            Volatile.Write(ref _state, new State(outage, HandsOver: !outage.HasHandedOver));
            _logger.LogWarning("this host {Outage}: it hands its roles over, and takes no new flows after that", DrainText.Since(outage));
            Tell(drains: true);
            Resume();
            return Report();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes it back in.</summary>
    /// <param name="by">Who does.</param>
    /// <param name="why">Why; empty: not said.</param>
    /// <exception cref="IOException">What is recorded can't be removed; nothing has changed.</exception>
    public async Task<NodeReport> ReturnAsync(string by, string why)
    {
        await _turn.WaitAsync();
        try
        {
            if (!IsDraining)
                return Report();
            await EndWorkAsync(); // it may be about to write the record
            try
            {
                _record.Remove();
            }
            catch (IOException)
            {
                Resume();
                throw;
            }

            Volatile.Write(ref _state, null);
            Tell(drains: false);
            _peers.Drain(drains: false);
            _vrrp.Return(); // last: what serves the addresses is there when they come
            _logger.LogInformation("this host is ready again{By}", DrainText.By(by, why));
            return Report();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _meter.Dispose();
        await EndWorkAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task HandOverAsync(NodeOutage outage, CancellationToken stop)
    {
        var rerouted = _bgp.UntilReroutedAsync(withdrawn: null, stop);
        var kept = await TryHandOverAsync(stop);
        if (kept.Count > 0 && !stop.IsCancellationRequested)
            _logger.LogWarning("no other host has taken {Instances}: this host keeps the addresses until one does", string.Join(", ", kept));
        await rerouted; // until then new flows come, and are to be treated as other hosts treat them
        if (stop.IsCancellationRequested)
            return;
        outage = outage with { HasHandedOver = true };
        Volatile.Write(ref _state, new State(outage, HandsOver: false));
        _peers.Drain(drains: true);
        NoteHandedOver(outage);
        var ending = EndConnectionsAsync(outage, stop);
        while (kept.Count > 0 && !stop.IsCancellationRequested)
        {
            await Task.Delay(s_again, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            kept = await TryHandOverAsync(stop);
        }

        await ending;
    }

    // By now other hosts take who connects again, as far as they do.
    private async Task EndConnectionsAsync(NodeOutage outage, CancellationToken stop)
    {
        if (outage.EndsAt is not { } end)
            return;
        if (end - _time.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left < s_longest ? left : s_longest, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested)
            return;
        _logger.LogWarning("this host is in maintenance: it ends {Connections} HTTP connections and {Relayed} relayed ones", _engine.OpenConnections(), _balancer.RelayedConnections());
        _engine.CutConnections();
        _balancer.ResetRelayed();
        Volatile.Write(ref _state, new State(outage, HandsOver: false, HasEnded: true));
    }

    private async Task<IReadOnlyList<string>> TryHandOverAsync(CancellationToken stop)
    {
        try
        {
            return await _vrrp.DrainAsync(stop);
        }
        catch (Exception error)
        {
            // The catch-all of this task: status says what is left.
            _logger.LogError(error, "this host could not hand its roles over");
            return [];
        }
    }

    private void NoteHandedOver(NodeOutage outage)
    {
        try
        {
            _record.Write(outage);
        }
        catch (IOException error)
        {
            _logger.LogWarning("that this host has handed its roles over is not recorded, and a daemon that starts does so again: {Reason}", error.Message);
        }
    }

    private async Task EndWorkAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    private void Tell(bool drains)
    {
        foreach (var other in _others)
            other(drains);
    }

    private (NodeOutage Outage, bool IsWhole)? Recorded()
    {
        try
        {
            return _record.Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is there, whatever it holds: a host that somebody has taken out takes nothing by mistake.
            _logger.LogError("since when this host drains can't be read: {Reason}", error.Message);
            return (new NodeOutage(_time.GetUtcNow()), true); // said above
        }
    }

    private sealed record State(NodeOutage Outage, bool HandsOver, bool HasEnded = false);
}
