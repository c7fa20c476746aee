// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Config.Comparison;

/// <summary>What differs between two configurations of one host, by what the keys mean: neither their order, nor spelling, nor that a default is written count.</summary>
public static class ConfigChanges
{
    /// <summary>Lists it, sorted by path. Of sections and items that come or go, keys at their defaults are left out.</summary>
    /// <param name="before">One configuration.</param>
    /// <param name="after">The other.</param>
    public static IReadOnlyList<ConfigChange> Between(ApplianceConfig before, ApplianceConfig after)
    {
        var (had, has) = (ByPath(before), ByPath(after));
        var changes = new List<ConfigChange>();
        foreach (var path in had.Keys.Union(has.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!had.TryGetValue(path, out var was))
            {
                if (!has[path].IsDefault && !IsOrder(path))
                    changes.Add(new ConfigChange(path, ConfigChangeKind.Added, Before: null, has[path].Value));
            }
            else if (!has.TryGetValue(path, out var now))
            {
                if (!was.IsDefault && !IsOrder(path))
                    changes.Add(new ConfigChange(path, ConfigChangeKind.Removed, was.Value, After: null));
            }
            else if (!string.Equals(was.Value, now.Value, StringComparison.Ordinal) && (!IsOrder(path) || IsReordered(was.Value, now.Value)))
            {
                changes.Add(new ConfigChange(path, ConfigChangeKind.Changed, was.Value, now.Value));
            }
        }

        return changes;
    }

    private static Dictionary<string, ConfigKey> ByPath(ApplianceConfig config)
    {
        var keys = new Dictionary<string, ConfigKey>(StringComparer.Ordinal);
        foreach (var key in new KeyListing(ofAllHosts: false).Of(config))
            keys.TryAdd(key.Path, key);
        return keys;
    }

    private static bool IsOrder(string path) => path.EndsWith(ConfigKey.Order, StringComparison.Ordinal);

    // Items that come or go say so themselves.
    private static bool IsReordered(string before, string after)
    {
        var (had, has) = (before.Split('\n'), after.Split('\n'));
        return !had.Where(name => has.Contains(name, StringComparer.Ordinal)).SequenceEqual(has.Where(name => had.Contains(name, StringComparer.Ordinal)), StringComparer.Ordinal);
    }
}
