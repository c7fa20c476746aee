// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;

namespace Penstock.Vrrp;

/// <summary>How a host gives its addresses to others.</summary>
public sealed partial class VrrpTier
{
    private static readonly TimeSpan s_rolePoll = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> HandOverAsync(CancellationToken cancellation)
    {
        if (Held() is { Count: > 0 } held)
            LogHandOver(held);
        TellAll(InstanceHealth.Lowest);
        var kept = await UntilTakenAsync(cancellation);
        var waiting = kept.Where(WouldTake).ToArray();
        if (waiting.Length == 0 || cancellation.IsCancellationRequested)
            return kept;
        LogGivenUp(waiting); // nothing listens here much longer, and new connections would find nobody
        lock (_gate)
        {
            foreach (var group in _groups.Current.Groups.Where(group => group.Instances.Any(instance => waiting.Contains(instance.Name, StringComparer.Ordinal))))
                Tell(group, InstanceHealth.Fault);
        }

        return await UntilTakenAsync(cancellation);
    }

    /// <inheritdoc/>
    public TimeSpan HandOverLimit(ApplianceConfig config) => TakeLimit(config) * 2; // to one that preempts, then to one that does not

    /// <summary>
    /// For a host that serves on, and is to have no address: others take them while this one still has them, and it takes none until <see cref="Return"/>. What no other
    /// takes stays.
    /// </summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Instances that no other host has taken.</returns>
    public async Task<IReadOnlyList<string>> DrainAsync(CancellationToken cancellation)
    {
        if (!_isDraining && Held() is { Count: > 0 } held)
            LogHandOver(held);
        Drain();
        var kept = await UntilTakenAsync(cancellation);
        var waiting = kept.Where(name => IsBackedUp(name) == true).ToArray();
        if (waiting.Length == 0 || cancellation.IsCancellationRequested)
            return kept;
        LogGivenUp(waiting);
        lock (_gate)
        {
            _givenUp = _givenUp.Union(waiting);
            TellHealth(_snapshot);
        }

        return await UntilTakenAsync(cancellation);
    }

    /// <summary>Instances whose addresses this host has, or may have.</summary>
    public IReadOnlyList<string> Held()
    {
        var current = _groups.Current;
        return [.. current.Groups.SelectMany(group => group.Instances.Where(instance => MayHold(instance, current.Processes[group.Name]))).Select(instance => instance.Name)];
    }

    /// <summary>Has this host take no address, and hand over those that it has. Before the first snapshot: from the start.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            _isDraining = true;
            TellHealth(_snapshot);
        }
    }

    /// <summary>Ends <see cref="Drain"/>: priorities are as configured again.</summary>
    public void Return()
    {
        lock (_gate)
        {
            (_isDraining, _givenUp) = (false, _givenUp.Clear());
            TellHealth(_snapshot);
        }
    }

    /// <inheritdoc/>
    public void GiveUp() => TellAll(InstanceHealth.Fault);

    private async Task<IReadOnlyList<string>> UntilTakenAsync(CancellationToken cancellation)
    {
        if (Held().Count == 0)
            return [];
        var patience = TakeLimit(_config);
        var started = _time.GetTimestamp();
        while (Held().Count > 0 && _time.GetElapsedTime(started) < patience && !cancellation.IsCancellationRequested)
            await Task.Delay(s_rolePoll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Held();
    }

    // Three adverts, the skew, and some for the machines.
    private static TimeSpan TakeLimit(ApplianceConfig config) => (config.Vrrp.Max(instance => instance.AdvertInterval) * 4) + TimeSpan.FromSeconds(1);

    // Where nobody says, the other host is taken to be configured as this one is.
    private bool WouldTake(string name) => IsBackedUp(name) ?? _config.Vrrp.Any(instance =>
        string.Equals(instance.Name, name, StringComparison.Ordinal) && (!instance.Preempt || instance.PreemptDelay > TakeLimit(_config)));

    private void LogGivenUp(IReadOnlyList<string> names) => _logger.LogInformation("giving up {Instances}: the other host does not preempt", string.Join(", ", names));

    private void LogHandOver(IReadOnlyList<string> held) => _logger.LogInformation("handing over {Instances}", string.Join(", ", held));
}
