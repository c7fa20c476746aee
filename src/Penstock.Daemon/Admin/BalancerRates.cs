// SPDX-License-Identifier: Apache-2.0
using Penstock.L4;

namespace Penstock.Daemon.Admin;

/// <summary>What the L4 tier does a second, from two readings of its counters.</summary>
/// <param name="Seconds">Between the readings.</param>
/// <param name="Services">Services, in file order.</param>
/// <param name="Drops">Packets dropped a second, by reason; none that is zero.</param>
internal sealed record BalancerRates(double Seconds, IReadOnlyList<ServiceRates> Services, IReadOnlyDictionary<string, double> Drops)
{
    /// <summary>Rates between two readings. What was not there before, or counts anew, counts from zero.</summary>
    /// <param name="before">The first.</param>
    /// <param name="after">The second.</param>
    /// <param name="seconds">Time between them.</param>
    public static BalancerRates Between(L4Status before, L4Status after, double seconds) => new(
        Math.Round(seconds, 3),
        [.. after.Services.Select(service => Service(before.Services.FirstOrDefault(other => other.Listen == service.Listen), service, seconds))],
        after.Drops.Select(drop => (drop.Key, Rate: Rate(before.Drops.GetValueOrDefault(drop.Key), drop.Value, seconds))).Where(drop => drop.Rate > 0).ToDictionary(drop => drop.Key, drop => drop.Rate, StringComparer.Ordinal));

    private static ServiceRates Service(ServiceCounters? before, ServiceCounters after, double seconds) => new(
        after.Name,
        after.Listen,
        after.Forwarding,
        Rate(before?.Connections ?? 0, after.Connections, seconds),
        Rate(before?.Packets ?? 0, after.Packets, seconds),
        Rate(before?.Bytes ?? 0, after.Bytes, seconds),
        Rate(before?.ReturnPackets ?? 0, after.ReturnPackets, seconds),
        Rate(before?.ReturnBytes ?? 0, after.ReturnBytes, seconds),
        Rate(before?.Unserved ?? 0, after.Unserved, seconds),
        [.. after.Backends.Select(backend => Backend(before?.Backends.FirstOrDefault(other => other.Address == backend.Address), backend, seconds))]);

    private static BackendRates Backend(BackendCounters? before, BackendCounters after, double seconds) => new(
        after.Address,
        after.State,
        Rate(before?.Connections ?? 0, after.Connections, seconds),
        Rate(before?.Packets ?? 0, after.Packets, seconds),
        Rate(before?.Bytes ?? 0, after.Bytes, seconds),
        Rate(before?.ReturnPackets ?? 0, after.ReturnPackets, seconds),
        Rate(before?.ReturnBytes ?? 0, after.ReturnBytes, seconds),
        after.Reason);

    /// <summary>Growth of a counter a second; one that counts anew counts from zero.</summary>
    internal static double Rate(long before, long after, double seconds) => Math.Round((after >= before ? after - before : after) / seconds, 1);
}
