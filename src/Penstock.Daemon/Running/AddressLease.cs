// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Running;

/// <summary>Tells those who look after virtual addresses whether this daemon is alive, and what becomes of the addresses when it ends.</summary>
/// <param name="tiers">The tiers that have them.</param>
/// <param name="running">The configuration that runs; null: none yet.</param>
/// <param name="nextReload">Ends when there may be another configuration; asked for before <paramref name="running"/>.</param>
/// <param name="isLoopAlive">Whether the control loop ends its turn within a time.</param>
/// <param name="areReactorsAlive">Whether every reactor of the proxy tier does.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class AddressLease(
    IReadOnlyList<IAddressTier> tiers,
    Func<ApplianceConfig?> running,
    Func<Task> nextReload,
    Func<TimeSpan, ValueTask<bool>> isLoopAlive,
    Func<TimeSpan, Task<bool>> areReactorsAlive,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Longest turn of the control loop that counts as progress: many services take seconds, a keepalived that is slow to start or end ten more.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    private Task<bool>? _turn;
    private bool _isTurning = true;

    /// <summary>Before the tiers are there: a daemon that died a moment ago has left its kernel state and its addresses; they stay while this one starts.</summary>
    public static void Return(ApplianceConfig config, TimeProvider time, ILogger logger)
    {
        if (!GoesOnByItself(config))
            return;
        try
        {
            if (!config.Vrrp.IsEmpty && VrrpTier.StayForStart(config.Keepalived, time))
                logger.LogInformation("virtual addresses stay while the daemon starts, for at most {Seconds:0} s", config.Keepalived.RestartGrace.TotalSeconds);
            if (BgpTier.StayForStart(config))
                logger.LogInformation("addresses stay announced while the daemon starts, for at most {Seconds:0} s", config.Bird.RestartGrace.TotalSeconds);
        }
        catch (AddressApplyException error)
        {
            logger.LogError("virtual addresses are given up unless the daemon starts soon: {Reason}", error.Message);
        }
    }

    /// <summary>Renews the leases six times in the time after which the daemon is taken for dead, as long as it makes progress.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var reload = Task.CompletedTask;
        while (!stop.IsCancellationRequested)
        {
            if (reload.IsCompleted)
                reload = nextReload().WaitAsync(stop); // Not in each turn: it is held until that reload, which may be months away.
            var next = reload;
            if (running() is { } config && Used(config) is { Length: > 0 } used)
            {
                var period = used.Min(tier => tier.DeadAfter(config)) / 6;
                await RenewAsync(used, period);
                next = Task.Delay(period, time, stop);
            }

            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// A host that serves by this process hands its addresses to others before it ends; one whose kernel goes on without it keeps them over a restart.
    /// </summary>
    /// <returns>Whether they stay; if not, <see cref="GiveUp"/> comes last.</returns>
    public async Task<bool> LeaveAsync(CancellationToken atOnce)
    {
        if (running() is not { } config || Used(config) is not { Length: > 0 } used)
            return true;
        if (GoesOnByItself(config))
        {
            foreach (var tier in used)
                Stay(tier, config);
            return true;
        }

        var kept = (await Task.WhenAll(used.Select(tier => tier.HandOverAsync(atOnce)))).SelectMany(names => names).ToArray();
        if (kept.Length > 0)
            logger.LogWarning("no other host has taken {Instances}", string.Join(", ", kept));
        return false;
    }

    /// <summary>Longest time that <see cref="LeaveAsync"/> takes.</summary>
    public TimeSpan LeaveLimit(ApplianceConfig config) => GoesOnByItself(config) ? TimeSpan.Zero : Used(config).Select(tier => tier.HandOverLimit(config)).DefaultIfEmpty().Max();

    /// <summary>The addresses are given up.</summary>
    public void GiveUp()
    {
        foreach (var tier in tiers)
            tier.GiveUp();
    }

    // The kernel serves everything that this host serves.
    private static bool GoesOnByItself(ApplianceConfig config) => config.L7.Listeners.IsEmpty && config.L4 is { Engine: not L4Engine.Userspace, Services.IsEmpty: false };

    private IAddressTier[] Used(ApplianceConfig config) => [.. tiers.Where(tier => tier.HasAddresses(config))];

    private void Stay(IAddressTier tier, ApplianceConfig config)
    {
        try
        {
            tier.StayForRestart();
            logger.LogInformation("virtual addresses stay for {Seconds:0} s: the kernel goes on with their services", tier.RestartGrace(config).TotalSeconds);
        }
        catch (AddressApplyException error)
        {
            logger.LogError("virtual addresses are given up soon: {Reason}", error.Message);
        }
    }

    private async Task RenewAsync(IAddressTier[] used, TimeSpan period)
    {
        if (!await MakesProgressAsync(period))
        {
            logger.LogError("no progress: the lease of the virtual addresses is not renewed");
            return;
        }

        foreach (var tier in used)
        {
            try
            {
                tier.Renew();
            }
            catch (Exception error)
            {
                // The one catch-all of this loop: a lease that nobody renews any more costs the addresses.
                logger.LogError("the lease of the virtual addresses can't be renewed: {Reason}", error.Message);
            }
        }
    }

    // A long reload is no reason to move addresses; reactors that do not turn are.
    private async ValueTask<bool> MakesProgressAsync(TimeSpan period)
    {
        _turn ??= isLoopAlive(LongestTurn).AsTask();
        if (_turn.IsCompleted)
        {
            _isTurning = await _turn;
            _turn = null;
        }

        return _isTurning && await areReactorsAlive(period);
    }
}
