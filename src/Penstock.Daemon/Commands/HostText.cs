// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.Daemon.Peers;
using Penstock.Model.L4;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Commands;

/// <summary>How this host stands among others, as <c>penstock status</c> and <c>top</c> show it: tables, each with an empty line behind it, and nothing where there is none.</summary>
internal static class HostText
{
    /// <summary>States that operators have given, by whom and why.</summary>
    public static void WriteOverrides(IReadOnlyList<OverrideStatus> overrides, TextWriter output)
    {
        if (overrides.Count == 0)
            return;
        var table = new TextTable("OVERRIDE", "OF", "STATE", "CONFIGURED", "SINCE", "BY", "WHY");
        foreach (var one in overrides)
            table.Add(OverrideQuestion.Word(one.Kind), one.Target, Word(one.State), one.Exists ? Word(one.Configured) : "not there", $"{one.Since:yyyy-MM-dd HH:mm:ss}Z", one.By.Length == 0 ? "-" : one.By, one.Why);
        table.Write(output);
        output.WriteLine();
    }

    /// <summary>The other hosts.</summary>
    public static void WritePeers(IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
        if (peers.Count == 0)
            return;
        var table = new TextTable("PEER", "ADDRESS", "STATE", "SINCE", "SNAPSHOT", "VERSION", "NOT READY", "BGP", "DIFFERS");
        foreach (var peer in peers)
        {
            var state = string.Equals(peer.Runs, "draining", StringComparison.Ordinal) ? "up, draining" : peer.State.ToString().ToLowerInvariant();
            var snapshot = peer.SnapshotAt is { } at ? $"{peer.Generation} of {at:yyyy-MM-dd HH:mm:ss}Z" : "-";
            if (peer.SnapshotAt is null) table.Add(peer.Node, peer.Address, state, $"{peer.Since:yyyy-MM-dd HH:mm:ss}Z", snapshot, "-", "-", "-", "-");
            else table.Add(peer.Node, peer.Address, state, $"{peer.Since:yyyy-MM-dd HH:mm:ss}Z", snapshot, peer.Version, peer.Unready, peer.Bgp is { Sessions: > 0 } bgp ? $"{bgp.SessionsUp} of {bgp.Sessions}" : "-", peer.Differs == 0 ? "-" : peer.Differs == 1 ? "1 key" : $"{peer.Differs} keys");
        }

        table.Write(output);
        output.WriteLine();
    }

    /// <summary>VRRP instances: beside the role of this host, that of each peer, in a column under its name.</summary>
    public static void WriteInstances(IReadOnlyList<VrrpInstanceStatus> instances, IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
        if (instances.Count == 0)
            return;
        var table = new TextTable(["VRRP", "ROLE", .. peers.Select(peer => $"ON {peer.Node}"), "SINCE", "INTERFACE", "ID", "PRIORITY", "ADDRESSES"]);
        foreach (var instance in instances)
        {
            var priority = instance.Health switch
            {
                0 => $"{instance.Priority}",
                InstanceHealth.Fault => $"{instance.Priority} (given up)",
                var lowered => $"{Math.Max(1, instance.Priority + lowered)} (of {instance.Priority})",
            };
            var since = instance.Since is { } at ? $"{at:yyyy-MM-dd HH:mm:ss}Z" : "-";
            var roles = peers.Select(peer => peer.Vrrp.FirstOrDefault(role => string.Equals(role.Instance, instance.Name, StringComparison.Ordinal))?.Role.ToString().ToUpperInvariant() ?? (peer.SnapshotAt is null ? "?" : "-"));
            table.Add([instance.Name, instance.Role.ToString().ToUpperInvariant(), .. roles, since, instance.Interface, instance.RouterId, priority, string.Join(", ", instance.Addresses)]);
        }

        table.Write(output);
        output.WriteLine();
    }

    /// <summary>Routers, and addresses: beside what this host announces, what each peer does, in a column under its name.</summary>
    public static void WriteAnnouncements(IReadOnlyList<BgpNeighborStatus> neighbors, IReadOnlyList<BgpAddressStatus> addresses, IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
        if (neighbors.Count == 0)
            return;
        var sessions = new TextTable("BGP", "ADDRESS", "ASN", "STATE", "SINCE", "BFD", "LAST ERROR");
        foreach (var neighbor in neighbors)
            sessions.Add(neighbor.Name, neighbor.Address, (long)neighbor.Asn, neighbor.State, neighbor.Since is { } at ? $"{at:yyyy-MM-dd HH:mm:ss}Z" : "-", neighbor.Bfd ?? "-", neighbor.LastError ?? "-");
        sessions.Write(output);
        output.WriteLine();
        var announced = new TextTable(["ANNOUNCES", "NOW", .. peers.Select(peer => $"ON {peer.Node}"), "WHY"]);
        foreach (var address in addresses) announced.Add([address.Address, YesOrNo(address.Announced), .. peers.Select(peer => Elsewhere(peer, address.Address)), address.Why.IsEmpty ? "-" : string.Join("; ", address.Why)]);
        announced.Write(output);
        output.WriteLine();
    }

    // "?": it does not answer, or does not say; "-": it is not to announce it.
    private static string Elsewhere(PeerStatus peer, string address)
    {
        if (peer.Bgp is not { } bgp) return "?";
        return bgp.Announces(address) is { } announced ? YesOrNo(announced) : bgp.HasMore ? "?" : "-";
    }

    private static string YesOrNo(bool isSo) => isSo ? "yes" : "no";

    private static string Word(BackendState? state) => state is { } known ? known.ToString().ToLowerInvariant() : "-";
}
