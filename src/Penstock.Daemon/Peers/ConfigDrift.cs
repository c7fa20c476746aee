// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>What differs between the configurations of two hosts of what is to be equal.</summary>
/// <param name="Count">Number of keys; an item that only one host has counts as one.</param>
/// <param name="Keys">The first of them, by path.</param>
internal sealed record ConfigDrift(int Count, IReadOnlyList<ConfigDifference> Keys)
{
    /// <summary>Most keys that are listed.</summary>
    public const int MostKeys = 100;

    /// <summary>Nothing.</summary>
    public static ConfigDrift None { get; } = new(0, []);

    /// <summary>Compares hashes of the same level, by the same key.</summary>
    /// <param name="ours">This host's, by path.</param>
    /// <param name="theirs">The other's.</param>
    public static ConfigDrift Between(IReadOnlyDictionary<string, string> ours, IReadOnlyDictionary<string, string> theirs)
    {
        var found = new List<ConfigDifference>();
        var alone = new HashSet<string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var path in ours.Keys.Union(theirs.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (here, there) = (ours.GetValueOrDefault(path), theirs.GetValueOrDefault(path));
            if (string.Equals(here, there, StringComparison.Ordinal))
                continue;
            if (here is null || there is null)
            {
                // What only one host has is named once, not with all that is in it.
                alone.Add(path);
                if (IsWithin(path, alone))
                    continue;
            }

            count++;
            if (found.Count < MostKeys)
                found.Add(new ConfigDifference(PeerReport.Plain(path), here is null ? DifferenceKind.There : there is null ? DifferenceKind.Here : DifferenceKind.Both));
        }

        return count == 0 ? None : new ConfigDrift(count, found);
    }

    private static bool IsWithin(string path, HashSet<string> alone)
    {
        for (var i = path.Length - 1; i > 0; i--)
        {
            if (path[i] is '.' or '[' && alone.Contains(path[..i]))
                return true;
        }

        return false;
    }
}
