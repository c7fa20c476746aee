// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Daemon.Running;

/// <summary>
/// What a reload of VRRP sync groups costs: instances that come to a group, or leave one, run in another keepalived from then on, and keepalived gives the addresses of a group that gets another
/// instance up and takes them again.
/// </summary>
internal static class SyncGroupMoves
{
    /// <summary>A sentence for each group whose instances have to give their addresses up for a while.</summary>
    /// <param name="before">What runs.</param>
    /// <param name="now">What is to run.</param>
    public static IEnumerable<string> Between(ApplianceConfig before, ApplianceConfig now)
    {
        var groups = before.Vrrp.ToDictionary(instance => instance.Name, instance => instance.Group, StringComparer.Ordinal);
        foreach (var group in now.Vrrp.GroupBy(instance => instance.Group, StringComparer.Ordinal))
        {
            string[] names = [.. group.Select(instance => instance.Name)];
            string[] added = [.. names.Where(name => !string.Equals(groups.GetValueOrDefault(name), group.Key, StringComparison.Ordinal))];
            string[] moving = [.. names.Where(groups.ContainsKey)];
            if (added.Length > 0 && moving.Length > 0)
                yield return $"vrrp: {string.Join(", ", added)} {(added.Length == 1 ? "comes" : "come")} to the keepalived of {group.Key}: the addresses of {string.Join(", ", moving)} are given up, and taken again about a second later";
        }
    }
}
