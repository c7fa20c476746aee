// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>How a host leaves its routers.</summary>
public sealed partial class BgpTier
{
    /// <summary>
    /// Takes this host out of its routers' choice, or back into it: what it announces carries GRACEFUL_SHUTDOWN (RFC 8326) for <see cref="BgpConfig.GracefulShutdown"/>, and is
    /// withdrawn then. It stays so over reloads.
    /// </summary>
    public void Drain(bool isDrained)
    {
        lock (_gate)
        {
            if (isDrained == (_phase != BgpPhase.Serving))
                return;
            var patience = _state?.Bgp.GracefulShutdown ?? TimeSpan.Zero;
            _phase = !isDrained ? BgpPhase.Serving : patience > TimeSpan.Zero ? BgpPhase.Leaving : BgpPhase.Left;
            _ = _timer.Change(_phase == BgpPhase.Leaving ? patience : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (_state is not { } state)
                return;
            _logger.LogInformation("BGP: this host {What}", isDrained ? $"leaves its routers, and withdraws its addresses in {patience.TotalSeconds:0.#} s" : "announces its addresses again");
            Announce(state, _phase);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> HandOverAsync(CancellationToken cancellation)
    {
        if (_state is null)
            return [];
        Drain(isDrained: true);
        await UntilReroutedAsync(GiveUp, cancellation); // whatever BIRD has been told: what serves them ends from here on
        return [];
    }

    /// <summary>For a host that drains: returns once its addresses are withdrawn, or BIRD was not to be told of it in time, and routers have had a while to send their packets elsewhere.</summary>
    /// <param name="withdrawn">Called between the two; null: nothing is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task UntilReroutedAsync(Action? withdrawn, CancellationToken cancellation)
    {
        if (_state is not { } state)
            return;
        var (limit, started) = (state.Bgp.GracefulShutdown + s_telling, _time.GetTimestamp());
        while ((_phase == BgpPhase.Leaving || _state is { IsUntold: true }) && _time.GetElapsedTime(started) < limit && !cancellation.IsCancellationRequested)
            await Task.Delay(s_leavingPoll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        withdrawn?.Invoke();
        await Task.Delay(s_rerouting, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // routers do not say where they send packets now
    }

    /// <inheritdoc/>
    public TimeSpan HandOverLimit(ApplianceConfig config) => (config.Bgp?.GracefulShutdown ?? TimeSpan.Zero) + s_telling + s_rerouting;

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_phase != BgpPhase.Leaving)
                return;
            if (_state is { } state)
                Announce(state, BgpPhase.Left);
            _phase = BgpPhase.Left; // only now: who waits for it goes on
            _logger.LogInformation("BGP: the addresses are withdrawn");
        }
    }
}
