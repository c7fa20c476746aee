// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>Which addresses are not to be announced, since what they depend on is not up.</summary>
internal static class BgpHealth
{
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
