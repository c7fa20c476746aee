// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Daemon.Commands;
using Penstock.Model;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Peers;

/// <summary>What this host tells its peers of itself.</summary>
/// <param name="vrrp">What its VRRP instances do.</param>
/// <param name="bgp">What it announces by BGP.</param>
/// <param name="state"><c>running</c> or <c>draining</c>.</param>
internal sealed class OwnHost(Func<VrrpStatus> vrrp, Func<BgpStatus> bgp, Func<string> state)
{
    /// <summary>BGP as it stands; null: nothing is configured.</summary>
    public PeerBgp? Bgp => PeerBgp.Of(bgp());

    /// <summary>Its BGP identifier; null: it speaks none.</summary>
    public static string? RouterId(ApplianceConfig? config) => config?.Bgp?.RouterId.ToString();

    /// <summary>Its VRRP instances.</summary>
    public OwnInstance[] Instances(ApplianceConfig config)
    {
        var known = vrrp().Instances.ToDictionary(instance => instance.Name, StringComparer.Ordinal);
        return [.. config.Vrrp.Where(instance => known.ContainsKey(instance.Name)).Select(instance =>
        {
            var status = known[instance.Name];
            var family = instance.Family == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4";
            return new OwnInstance(
                new PeerInstance(status.Name, status.RouterId, family, status.Role, status.Since, status.Priority, status.Health, status.Addresses), instance.AdvertInterval);
        })];
    }

    /// <summary>The report.</summary>
    /// <param name="snapshot">What runs.</param>
    /// <param name="at">Since when.</param>
    /// <param name="digest">Root of the configuration's digest.</param>
    /// <param name="drained">Nodes that get no new flows of the proxy tier from here.</param>
    public PeerReport Report(Snapshot snapshot, DateTimeOffset at, string digest, IReadOnlyList<string> drained)
    {
        var unready = snapshot.Services.Values.Count(backends => !backends.Any(backend => backend.State == EndpointState.Ready))
            + snapshot.Endpoints.Values.Count(cluster => !cluster.Endpoints.Any(endpoint => endpoint.State == EndpointState.Ready));
        PeerInstance[] instances = [.. Instances(snapshot.Config).Select(instance => instance.State)];
        var told = PeerReport.Told(instances);
        return new PeerReport(snapshot.Config.Node, VersionCommand.Current, state(), snapshot.Generation, at, unready, digest, told)
        {
            HasMore = told.Count < instances.Length || told.Zip(instances).Any(pair => pair.First.Addresses.Count < pair.Second.Addresses.Count),
            BgpRouterId = RouterId(snapshot.Config),
            Bgp = Bgp?.Cut(PeerReport.MostItems) ?? (snapshot.Config.Bgp is null ? PeerBgp.None : null), // a host that speaks none says so; one that says nothing may be of a version before
            Drained = drained,
        };
    }
}
