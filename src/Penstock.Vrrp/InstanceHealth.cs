// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Globalization;
using Penstock.Model;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>What the daemon finds of an instance's health, as keepalived takes it from a tracked file.</summary>
/// <param name="Value">0: as configured; -1 to -253: so much lower the priority; <see cref="Fault"/>: the addresses are given up.</param>
/// <param name="Reasons">Why, for people; empty with 0.</param>
public sealed record InstanceHealth(int Value, ImmutableArray<string> Reasons)
{
    /// <summary>Gives the addresses up (keepalived.conf(5), track_file).</summary>
    public const int Fault = -254;

    /// <summary>As low as the priority gets while the instance still counts.</summary>
    public const int Lowest = -253;

    /// <summary>Nothing is wrong.</summary>
    public static InstanceHealth Good { get; } = new(0, []);

    /// <summary>Of an instance, by the backends and endpoints that are up.</summary>
    public static InstanceHealth Of(VrrpInstanceConfig instance, Snapshot snapshot)
    {
        var lacking = instance.Track.Services.Select(one => Judge("service", one, Services(snapshot, one.Name)))
            .Concat(instance.Track.Clusters.Select(one => Judge("cluster", one, Clusters(snapshot, one.Name))))
            .OfType<(int Weight, string Reason)>().ToArray();
        if (lacking.Length == 0)
            return Good;
        var value = Array.Exists(lacking, one => one.Weight == 0) ? Fault : Math.Max(Lowest, -lacking.Sum(one => one.Weight));
        return new InstanceHealth(value, [.. lacking.Select(one => one.Reason)]);
    }

    /// <inheritdoc/>
    public bool Equals(InstanceHealth? other) => other is not null && Value == other.Value && Reasons.SequenceEqual(other.Reasons, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Value, Reasons.Length);

    private static IEnumerable<(int Weight, EndpointState State)> Services(Snapshot snapshot, string name) =>
        snapshot.Services.TryGetValue(name, out var backends)
            ? backends.Select(backend => (backend.Config.Weight, backend.IsInPanic ? EndpointState.Down : backend.State))
            : [];

    private static IEnumerable<(int Weight, EndpointState State)> Clusters(Snapshot snapshot, string name) =>
        snapshot.Endpoints.TryGetValue(name, out var cluster) ? cluster.Endpoints.Select(endpoint => (endpoint.Weight, endpoint.State)) : [];

    // Nothing is said of a service or cluster that has no member: this host itself serves it, an operator took all out, or discovery has not answered yet.
    private static (int Weight, string Reason)? Judge(string kind, VrrpTrackHealth track, IEnumerable<(int Weight, EndpointState State)> members)
    {
        var counted = members.Where(member => member.State is EndpointState.Ready or EndpointState.Down && member.Weight > 0).ToArray();
        var all = counted.Sum(member => (long)member.Weight);
        var ready = counted.Where(member => member.State == EndpointState.Ready).Sum(member => (long)member.Weight);
        if (ready * 100 >= all * track.MinReady)
            return null;
        return (track.Weight, string.Create(CultureInfo.InvariantCulture, $"{kind} {track.Name}: {ready * 100.0 / all:0.#}% is ready, {track.MinReady}% is asked for"));
    }
}
