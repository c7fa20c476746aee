// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.L7;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;
using Penstock.Vrrp;

namespace Penstock.Daemon.Running;

/// <summary>Tells keepalived whether this daemon is alive, and what becomes of the virtual addresses when it ends.</summary>
/// <param name="vrrp">The VRRP instances.</param>
/// <param name="plane">The control plane.</param>
/// <param name="engine">The proxy tier.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class AddressLease(VrrpTier vrrp, ControlLoop plane, L7Engine engine, TimeProvider time, ILogger logger)
{
    /// <summary>Longest turn of the control loop that counts as progress: many services take seconds, a keepalived that is slow to start or end ten more.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    private static readonly KeepalivedConfig s_defaults = new();

    private Task<bool>? _turn;
    private bool _isTurning = true;

    /// <summary>Before the tiers are there: a daemon that died a moment ago has left its kernel state and its addresses; they stay while this one starts.</summary>
    public static void Return(ApplianceConfig config, TimeProvider time, ILogger logger)
    {
        try
        {
            if (!config.Vrrp.IsEmpty && GoesOnByItself(config) && VrrpTier.StayForStart(config.Keepalived, time))
                logger.LogInformation("virtual addresses stay while the daemon starts, for at most {Seconds:0} s", config.Keepalived.RestartGrace.TotalSeconds);
        }
        catch (VrrpApplyException error)
        {
            logger.LogError("virtual addresses are given up unless the daemon starts soon: {Reason}", error.Message);
        }
    }

    /// <summary>Renews the lease six times in the time after which keepalived takes the daemon for dead, as long as it makes progress.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var config = plane.State.Snapshot?.Config;
            var period = (config?.Keepalived ?? s_defaults).DeadAfter / 6;
            if (config is { Vrrp.IsEmpty: false })
                await RenewAsync(period);
            await Task.Delay(period, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// A host that serves by this process hands its addresses to another before it ends; one whose kernel goes on without it keeps them over a restart.
    /// </summary>
    /// <returns>Whether they stay; if not, <see cref="VrrpTier.GiveUp"/> comes last.</returns>
    public async Task<bool> LeaveAsync(CancellationToken atOnce)
    {
        if (plane.State.Snapshot?.Config is not { Vrrp.IsEmpty: false } config)
            return true;
        if (GoesOnByItself(config))
        {
            Stay(config);
            return true;
        }

        var kept = await vrrp.HandOverAsync(config.ShutdownTimeout, atOnce);
        if (kept.Count > 0)
            logger.LogWarning("no other host has taken {Instances}", string.Join(", ", kept));
        return false;
    }

    // The kernel serves everything that this host serves.
    private static bool GoesOnByItself(ApplianceConfig config) => config.L7.Listeners.IsEmpty && config.L4 is { Engine: not L4Engine.Userspace, Services.IsEmpty: false };

    private void Stay(ApplianceConfig config)
    {
        try
        {
            vrrp.StayForRestart();
            logger.LogInformation("virtual addresses stay for {Seconds:0} s: the kernel goes on with their services", config.Keepalived.RestartGrace.TotalSeconds);
        }
        catch (VrrpApplyException error)
        {
            logger.LogError("virtual addresses are given up soon: {Reason}", error.Message);
        }
    }

    private async Task RenewAsync(TimeSpan period)
    {
        try
        {
            if (await MakesProgressAsync(period))
                vrrp.Renew();
            else
                logger.LogError("no progress: the lease of the virtual addresses is not renewed");
        }
        catch (VrrpApplyException error)
        {
            logger.LogError("the lease of the virtual addresses can't be renewed: {Reason}", error.Message);
        }
    }

    // A long reload is no reason to move addresses; reactors that do not turn are.
    private async ValueTask<bool> MakesProgressAsync(TimeSpan period)
    {
        _turn ??= plane.IsAliveAsync(LongestTurn).AsTask();
        if (_turn.IsCompleted)
        {
            _isTurning = await _turn;
            _turn = null;
        }

        return _isTurning && await engine.IsAliveAsync(period);
    }
}
