// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>What differs between the configurations of two hosts of what is to be equal.</summary>
/// <param name="Count">Number of keys; an item that only one host has counts as one.</param>
/// <param name="Keys">The first of them, by path.</param>
internal sealed record ConfigDrift(int Count, IReadOnlyList<ConfigDifference> Keys)
{
    /// <summary>Most keys that are listed.</summary>
    public const int MostKeys = 100;

    // A key has a dozen; names may hold some. Whatever another host sends, the work for a path has an end.
    private const int MostSeparators = 64;

    /// <summary>Nothing.</summary>
    public static ConfigDrift None { get; } = new(0, []);

    /// <summary>Compares hashes of the same level, by the same key.</summary>
    /// <param name="ours">This host's, by path.</param>
    /// <param name="theirs">The other's.</param>
    /// <param name="cancellation">Ends it.</param>
    public static ConfigDrift Between(IReadOnlyDictionary<string, string> ours, IReadOnlyDictionary<string, string> theirs, CancellationToken cancellation = default)
    {
        var found = new List<ConfigDifference>();
        var alone = new HashSet<string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var path in ours.Keys.Union(theirs.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
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
        var paths = alone.GetAlternateLookup<ReadOnlySpan<char>>();
        var separators = 0;
        for (var i = 1; i < path.Length && separators < MostSeparators; i++)
        {
            if (path[i] is not ('.' or '['))
                continue;
            separators++;
            if (paths.Contains(path.AsSpan(0, i)))
                return true;
        }

        return false;
    }
}
