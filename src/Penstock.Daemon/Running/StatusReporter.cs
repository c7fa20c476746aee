// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Peers;
using Penstock.L4;
using Penstock.L7;
using Penstock.Model;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Running;

/// <summary>Makes the status report of a running daemon.</summary>
/// <param name="configPath">Where the configuration is.</param>
/// <param name="time">Clock of the uptime.</param>
internal sealed class StatusReporter(string configPath, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>The report.</summary>
    /// <param name="state">What the control plane last published.</param>
    /// <param name="balancer">What the L4 tier does.</param>
    /// <param name="tier">What the proxy tier does.</param>
    /// <param name="vrrp">What the VRRP instances do.</param>
    /// <param name="bgp">What is announced by BGP.</param>
    /// <param name="peers">What is known of the peers.</param>
    /// <param name="accessLog">Why the access log can't be written; null: it can.</param>
    /// <param name="discovery">What is wrong with sources of endpoints.</param>
    /// <param name="node">Whether an operator has taken this host out.</param>
    /// <param name="overrides">States that operators have given.</param>
    /// <param name="kept">Whether what runs is what the files say, and stays.</param>
    /// <param name="draining">Whether the daemon is about to end.</param>
    public StatusReport Report(ControlPlaneState state, L4Status balancer, L7Status tier, VrrpStatus vrrp, BgpStatus bgp, PeersStatus peers, string? accessLog, IEnumerable<string> discovery, NodeReport node, StateOverrides overrides, KeptConfigs kept, bool draining)
    {
        var load = tier.Endpoints.ToDictionary(endpoint => (endpoint.Cluster, endpoint.Address));
        var clusters = (state.Snapshot?.Endpoints.Values ?? [])
            .OrderBy(cluster => cluster.Cluster, StringComparer.Ordinal)
            .Select(cluster => new ClusterReport(
                cluster.Cluster,
                [.. cluster.Endpoints.Select(endpoint => Describe(endpoint, load.GetValueOrDefault((cluster.Cluster, endpoint.Address.ToString()))))]))
            .ToArray();
        return new StatusReport(
            state.Snapshot?.Config.Node ?? "",
            VersionCommand.Current,
            Environment.ProcessId,
            draining ? "draining" : "running",
            Math.Round(time.GetElapsedTime(_started).TotalSeconds, 3),
            tier.Generation,
            configPath,
            state.ConfigHash,
            tier.Reactors,
            state.LastReload is { } last ? ReloadReport.Of(last) : null,
            [.. tier.Listeners.Select(listener => new ListenerReport(listener.Name, listener.Bind, listener.Connections, listener.Requests))],
            clusters,
            balancer,
            vrrp.Instances,
            bgp.Neighbors,
            bgp.Addresses,
            peers.Peers,
            node,
            overrides.Report(state.Snapshot),
            kept.Status,
            [.. DrainWarnings(node), .. kept.Warnings(), .. overrides.Warnings(state.Snapshot), .. Warnings(state, balancer, tier, accessLog, clusters), .. discovery, .. vrrp.Warnings, .. bgp.Warnings, .. peers.Warnings]);
    }

    private static EndpointReport Describe(Endpoint endpoint, EndpointStatus? load) => new(
        endpoint.Address.ToString(),
        endpoint.Weight,
        endpoint.State.ToString().ToLowerInvariant(),
        endpoint.Reason,
        load?.Active ?? 0,
        load?.Connections ?? 0,
        load?.Requests ?? 0,
        load?.Failures ?? 0,
        endpoint.Zone);

    private static IEnumerable<string> DrainWarnings(NodeReport node)
    {
        if (!node.IsOut)
            yield break;
        yield return $"this host {DrainText.Since(node)}, whatever the configuration says: penstock ready --node ends it";
        if (node.Roles.Count > 0 && !node.HandingOver)
            yield return $"no other host has taken {string.Join(", ", node.Roles)}: this host keeps the addresses although it is taken out";
    }

    private static IEnumerable<string> Warnings(ControlPlaneState state, L4Status balancer, L7Status tier, string? accessLog, ClusterReport[] clusters)
    {
        if (state.LastReload is { Ok: false } refused)
            yield return $"the last reload was refused with {refused.Errors} errors; the configuration before it runs on";
        foreach (var diagnostic in state.LastReload?.Diagnostics ?? [])
            yield return diagnostic.Message;
        foreach (var note in balancer.Notes)
            yield return $"rebuilt: {note}";
        foreach (var warning in balancer.Warnings)
            yield return warning;
        if (accessLog is not null)
            yield return $"the access log can't be written: {accessLog}";
        foreach (var warning in tier.Warnings)
            yield return warning;
        foreach (var device in balancer.Interfaces)
        {
            if (string.Equals(device.Mode, "gone", StringComparison.Ordinal))
            {
                yield return device.ForeignMode is { } mode
                    ? $"interface {device.Name} runs the XDP program {device.ProgramId} of somebody else, and no service works there: take that off (ip link set dev {device.Name} {(string.Equals(mode, "generic", StringComparison.Ordinal) ? "xdpgeneric" : "xdp")} off)"
                    : $"interface {device.Name} is not there, or does not run the XDP program: no service works there until it can; it is tried each second, and the log says what hinders it";
            }
        }

        foreach (var service in balancer.Services)
        {
            if (!service.Backends.Any(backend => string.Equals(backend.State, "ready", StringComparison.Ordinal) && backend.Weight > 0))
                yield return $"service {service.Name} has no ready backend: its packets are handled as its empty key says";
        }

        foreach (var cluster in clusters)
        {
            if (!cluster.Endpoints.Any(endpoint => string.Equals(endpoint.State, "ready", StringComparison.Ordinal)))
                yield return $"cluster {cluster.Name} has no ready endpoint: its requests get 503";
        }
    }
}
