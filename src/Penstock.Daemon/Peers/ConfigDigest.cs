// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;
using Penstock.Config.Comparison;

namespace Penstock.Daemon.Peers;

/// <summary>
/// Hashes of what is to be equal on all hosts, by path: enough to name what differs. No value is in it but what stands in paths, which are names and addresses. The hashes are
/// keyed (HMAC-SHA-256, RFC 2104) by who asks, and the key is in no answer: nobody else can make anything of them. Who asked knows the key, and can find values of which there are
/// few by trying.
/// </summary>
/// <param name="Root">Hash over all keys, whatever the level.</param>
/// <param name="Level">What the entries stand for.</param>
/// <param name="Entries">Hashes by path.</param>
internal sealed record ConfigDigest(string Root, DigestLevel Level, IReadOnlyDictionary<string, string> Entries)
{
    /// <summary>Most entries; with more of them they stand for items, and then for sections.</summary>
    public const int MostEntries = 20_000;

    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Most characters of a path; a longer one is cut, and ends in a hash of all of it.</summary>
    public const int LongestPath = 1024;

    private const int EntryBytes = 8; // two values of one path against each other: 1 in 2^64
    private const int RootBytes = 16;
    private const string Cut = "~";

    /// <summary>What no host of this version would send; null: nothing.</summary>
    public string? Trouble()
    {
        if (!IsRoot(Root))
            return $"a digest of {Root.Length} characters, not {RootBytes * 2}";
        if (Entries.Count > MostEntries)
            return $"a digest of {Entries.Count} entries, more than {MostEntries}";
        foreach (var (path, hash) in Entries)
        {
            if (path.Length > LongestPath)
                return $"a path of {path.Length} characters, more than {LongestPath}";
            if (hash?.Length != EntryBytes * 2)
                return $"a hash of {hash?.Length ?? 0} characters, not {EntryBytes * 2}";
        }

        return null;
    }

    /// <summary>Whether a text has the length of a root.</summary>
    public static bool IsRoot(string text) => text.Length == RootBytes * 2;

    /// <summary>Makes one.</summary>
    /// <param name="keys">The keys, sorted by path.</param>
    /// <param name="secret">The key to hash by.</param>
    /// <param name="level">Finest level; coarser where there are too many entries.</param>
    /// <param name="most">Most entries.</param>
    public static ConfigDigest Of(IReadOnlyList<SharedKey> keys, byte[] secret, DigestLevel level = DigestLevel.Keys, int most = MostEntries)
    {
        var hashes = new KeyValuePair<string, string>[keys.Count];
        for (var i = 0; i < hashes.Length; i++)
            hashes[i] = new(Shorten(keys[i].Path, secret), Hash(secret, $"{keys[i].Path}\0{keys[i].Value}", EntryBytes));
        var root = Hash(secret, string.Join('\n', hashes.Select(entry => $"{entry.Key}\0{entry.Value}")), RootBytes);
        while (true)
        {
            var entries = Fold(hashes, level, secret);
            if (entries.Count <= most || level == DigestLevel.Sections)
                return new ConfigDigest(root, level, entries);
            level++;
        }
    }

    private static Dictionary<string, string> Fold(KeyValuePair<string, string>[] hashes, DigestLevel level, byte[] secret) => level == DigestLevel.Keys
        ? new Dictionary<string, string>(hashes, StringComparer.Ordinal)
        : hashes.GroupBy(entry => Fold(entry.Key, level), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Hash(secret, string.Join('\n', group.Select(entry => $"{entry.Key}\0{entry.Value}")), EntryBytes), StringComparer.Ordinal);

    // l4.services[web].backends[10.0.0.1].weight: l4.services[web], l4.services; l7.clusters.app.pool.idle: l7.clusters.app, l7.clusters.
    private static string Fold(string path, DigestLevel level)
    {
        var item = path.IndexOf('[', StringComparison.Ordinal);
        if (item >= 0 && level == DigestLevel.Items)
            return path.IndexOf(']', item) is >= 0 and var end ? path[..(end + 1)] : path;
        var section = item >= 0 ? path[..item] : path;
        return string.Join('.', section.Split('.').Take(level == DigestLevel.Items ? 3 : 2));
    }

    private static string Shorten(string path, byte[] secret) =>
        path.Length <= LongestPath ? path : $"{path.AsSpan(0, LongestPath - Cut.Length - (EntryBytes * 2))}{Cut}{Hash(secret, path, EntryBytes)}";

    private static string Hash(byte[] secret, string text, int bytes) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text)).AsSpan(0, bytes));
}
