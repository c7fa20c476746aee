// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.L4;
using Penstock.Model.L4;

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

        if (report.NodeState.IsOut) output.WriteLine(DrainText.Line(report.NodeState));
        output.WriteLine();
        HostText.WritePeers(report.Peers, output);
        HostText.WriteInstances(report.Vrrp, report.Peers, output);
        HostText.WriteAnnouncements(report.BgpNeighbors, report.BgpAddresses, report.Peers, output);
        if (report.L4.Interfaces.Length > 0 || report.L4.Services.Length > 0) WriteBalancer(report.L4, output);
        var listeners = new TextTable("LISTENER", "BIND", "CONNECTIONS", "REQUESTS");
        foreach (var listener in report.Listeners) listeners.Add(listener.Name, listener.Bind, listener.Connections, listener.Requests);
        listeners.Write(output);

        output.WriteLine();
        var endpoints = new TextTable("CLUSTER", "ENDPOINT", "STATE", "WEIGHT", "ACTIVE", "REQUESTS", "FAILURES", "REASON");
        foreach (var cluster in report.Clusters)
        {
            if (cluster.Endpoints.Count == 0) endpoints.Add(cluster.Name, "-", "-", "-", "-", "-", "-", "no endpoints found yet");
            foreach (var endpoint in Screenful.Of(cluster.Endpoints, one => one.State))
                endpoints.Add(cluster.Name, endpoint.Address, endpoint.State, endpoint.Weight, endpoint.Active, endpoint.Requests, endpoint.Failures, endpoint.Reason);
            if (Screenful.Rest(cluster.Endpoints, one => one.State) is { } rest) endpoints.Add(cluster.Name, rest.Count, "", "", "", "", "", rest.Ready);
        }

        endpoints.Write(output);
        if (report.Overrides.Count + report.Warnings.Count > 0) output.WriteLine();
        HostText.WriteOverrides(report.Overrides, output);
        foreach (var warning in report.Warnings) output.WriteLine("warning: " + warning);
    }

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
            foreach (var backend in Screenful.Of(service.Backends, one => one.State))
                services.Add("", "  -> " + backend.Address, "", backend.State, backend.Weight, backend.Slots, backend.Connections, backend.Packets, backend.Bytes, backend.ReturnPackets, backend.ReturnBytes, "", "", backend.Reason);
            if (Screenful.Rest(service.Backends, one => one.State) is { } rest) services.Add("", "  -> " + rest.Count, "", "", "", "", "", "", "", "", "", "", "", rest.Ready);
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
