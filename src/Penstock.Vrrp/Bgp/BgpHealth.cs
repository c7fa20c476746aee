// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>Which addresses are not to be announced, since what they depend on is not up.</summary>
internal static class BgpHealth
{
    /// <summary>Of addresses that are all well.</summary>
    public static ImmutableDictionary<IPAddress, ImmutableArray<string>> Good { get; } = ImmutableDictionary<IPAddress, ImmutableArray<string>>.Empty;

    /// <summary>Says what has changed.</summary>
    public static void LogChanges(ImmutableDictionary<IPAddress, ImmutableArray<string>> before, ImmutableDictionary<IPAddress, ImmutableArray<string>> now, ILogger logger)
    {
        foreach (var (address, reasons) in now.Where(one => !before.ContainsKey(one.Key)))
            logger.LogWarning("address {Address} is withdrawn: {Reasons}", address, string.Join("; ", reasons));
        foreach (var address in before.Keys.Where(address => !now.ContainsKey(address)))
            logger.LogInformation("address {Address} is well again, and announced", address);
    }

    /// <summary>Why, by address; those that are well are not in it.</summary>
    public static ImmutableDictionary<IPAddress, ImmutableArray<string>> Of(BgpConfig bgp, Snapshot snapshot)
    {
        var all = Lacking(bgp.Track, snapshot).ToArray();
        return bgp.Addresses.Select(one => (one.Address, Reasons: (ImmutableArray<string>)[.. all, .. Lacking(one.Track, snapshot)]))
            .Where(one => !one.Reasons.IsEmpty).ToImmutableDictionary(one => one.Address, one => one.Reasons);
    }

    private static IEnumerable<string> Lacking(BgpTrackConfig track, Snapshot snapshot) =>
        track.Services.Select(one => TrackedHealth.Service(snapshot, one.Name, one.MinReady))
            .Concat(track.Clusters.Select(one => TrackedHealth.Cluster(snapshot, one.Name, one.MinReady))).OfType<string>();
}
