// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.Daemon.Peers;
using Penstock.L4;
using Penstock.Model.L4;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Commands;

/// <summary>A status report as one screen of text.</summary>
internal static class StatusText
{
    /// <summary>Writes it.</summary>
    public static void Write(StatusReport report, TextWriter output)
    {
        output.WriteLine($"penstock {report.Version} on {report.Node}: {report.State} for {Age(TimeSpan.FromSeconds(report.UptimeSeconds))}, pid {report.Pid}, {report.Reactors} reactors");
        output.WriteLine($"generation {report.Generation} of {report.ConfigPath} ({report.ConfigHash})");
        if (report.LastReload is { } last)
        {
            var outcome = last.Ok ? "applied" : "refused";
            output.WriteLine($"last reload {outcome} at {last.At:yyyy-MM-dd HH:mm:ss}Z in {last.DurationMilliseconds:0.#} ms");
        }

        if (report.NodeState.IsOut) output.WriteLine($"{DrainText.Since(report.NodeState)}: {DrainText.Left(report.NodeState)}");
        output.WriteLine();
        if (report.Peers.Count > 0) WritePeers(report.Peers, output);
        if (report.Vrrp.Count > 0) WriteInstances(report.Vrrp, report.Peers, output);
        if (report.BgpNeighbors.Count > 0) WriteAnnouncements(report.BgpNeighbors, report.BgpAddresses, report.Peers, output);
        if (report.L4.Interfaces.Length > 0 || report.L4.Services.Length > 0) WriteBalancer(report.L4, output);
        var listeners = new TextTable("LISTENER", "BIND", "CONNECTIONS", "REQUESTS");
        foreach (var listener in report.Listeners) listeners.Add(listener.Name, listener.Bind, listener.Connections, listener.Requests);
        listeners.Write(output);

        output.WriteLine();
        var endpoints = new TextTable("CLUSTER", "ENDPOINT", "STATE", "WEIGHT", "ACTIVE", "REQUESTS", "FAILURES", "REASON");
        foreach (var cluster in report.Clusters)
        {
            if (cluster.Endpoints.Count == 0) endpoints.Add(cluster.Name, "-", "-", "-", "-", "-", "-", "no endpoints found yet");
            foreach (var endpoint in cluster.Endpoints)
                endpoints.Add(cluster.Name, endpoint.Address, endpoint.State, endpoint.Weight, endpoint.Active, endpoint.Requests, endpoint.Failures, endpoint.Reason);
        }

        endpoints.Write(output);
        if (report.Overrides.Count > 0) WriteOverrides(report.Overrides, output);
        if (report.Warnings.Count == 0) return;

        output.WriteLine();
        foreach (var warning in report.Warnings) output.WriteLine("warning: " + warning);
    }

    private static void WriteOverrides(IReadOnlyList<OverrideStatus> overrides, TextWriter output)
    {
        output.WriteLine();
        var table = new TextTable("OVERRIDE", "OF", "STATE", "CONFIGURED", "SINCE", "BY", "WHY");
        foreach (var one in overrides)
            table.Add(OverrideQuestion.Word(one.Kind), one.Target, Word(one.State), one.Exists ? Word(one.Configured) : "not there", $"{one.Since:yyyy-MM-dd HH:mm:ss}Z", one.By.Length == 0 ? "-" : one.By, one.Why);
        table.Write(output);
    }

    private static string Word(BackendState? state) => state is { } known ? known.ToString().ToLowerInvariant() : "-";

    private static void WritePeers(IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
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

    // Beside the role of this host, that of each peer, in a column under its name.
    private static void WriteInstances(IReadOnlyList<VrrpInstanceStatus> instances, IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
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

    // Beside what this host announces, what each peer does, in a column under its name.
    private static void WriteAnnouncements(IReadOnlyList<BgpNeighborStatus> neighbors, IReadOnlyList<BgpAddressStatus> addresses, IReadOnlyList<PeerStatus> peers, TextWriter output)
    {
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

    // In the manner of ipvsadm -Ln --stats: a service, and its backends behind arrows.
    private static void WriteBalancer(L4Status balancer, TextWriter output)
    {
        if (balancer.Engine == L4Engine.Ipvs) output.WriteLine("IPVS");
        else if (balancer.Engine == L4Engine.Userspace) output.WriteLine("userspace: relayed by this process");
        else output.WriteLine("XDP on " + string.Join(", ", balancer.Interfaces.Select(device => $"{device.Name} ({device.Mode}, program {device.ProgramId})")));
        var services = new TextTable("SERVICE", "LISTEN", "FORWARDING", "STATE", "WEIGHT", "SLOTS", "CONNS", "PACKETS", "BYTES", "OUTPKTS", "OUTBYTES", "HITS", "UNSERVED", "REASON");
        foreach (var service in balancer.Services)
        {
            services.Add(service.Name, service.Listen, service.Forwarding, service.IsInPanic ? "panic" : "", "", "", service.Connections, service.Packets, service.Bytes, service.ReturnPackets, service.ReturnBytes, (object?)service.TableHits ?? "", service.Unserved, "");
            foreach (var backend in service.Backends)
                services.Add("", "  -> " + backend.Address, "", backend.State, backend.Weight, backend.Slots, backend.Connections, backend.Packets, backend.Bytes, backend.ReturnPackets, backend.ReturnBytes, "", "", backend.Reason);
        }

        services.Write(output);
        var cookies = balancer.Services.Where(service => service.Cookies > 0).Select(service => $"{service.Name} {service.Cookies}").ToArray();
        if (cookies.Length > 0) output.WriteLine("answered by cookies: " + string.Join(", ", cookies));
        var failed = balancer.Services.SelectMany(service => service.Backends.Where(backend => backend.FailedConnects > 0).Select(backend => $"{service.Name} {backend.Address} {backend.FailedConnects}")).ToArray();
        if (failed.Length > 0) output.WriteLine("failed connects: " + string.Join(", ", failed));
        if (balancer.Drops.Count > 0) output.WriteLine("dropped: " + Reasons(balancer.Drops));
        foreach (var service in balancer.Services.Where(service => service.Drops.Count > 0)) output.WriteLine($"dropped of {service.Name}: {Reasons(service.Drops)}");
        output.WriteLine();
    }

    private static string Reasons(IEnumerable<KeyValuePair<string, long>> drops) => string.Join(", ", drops.Select(drop => $"{drop.Key} {drop.Value}"));

    private static string Age(TimeSpan age) => age switch
    {
        { TotalDays: >= 1 } => $"{age.Days}d {age.Hours}h",
        { TotalHours: >= 1 } => $"{age.Hours}h {age.Minutes}m",
        { TotalMinutes: >= 1 } => $"{age.Minutes}m {age.Seconds}s",
        _ => $"{age.Seconds}s",
    };
}
