// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
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
        var lacking = instance.Track.Services.Select(one => (one.Weight, Reason: TrackedHealth.Service(snapshot, one.Name, one.MinReady)))
            .Concat(instance.Track.Clusters.Select(one => (one.Weight, Reason: TrackedHealth.Cluster(snapshot, one.Name, one.MinReady))))
            .Where(one => one.Reason is not null).ToArray();
        if (lacking.Length == 0)
            return Good;
        var value = Array.Exists(lacking, one => one.Weight == 0) ? Fault : Math.Max(Lowest, -lacking.Sum(one => one.Weight));
        return new InstanceHealth(value, [.. lacking.Select(one => one.Reason).OfType<string>()]);
    }

    /// <inheritdoc/>
    public bool Equals(InstanceHealth? other) => other is not null && Value == other.Value && Reasons.SequenceEqual(other.Reasons, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Value, Reasons.Length);
}
