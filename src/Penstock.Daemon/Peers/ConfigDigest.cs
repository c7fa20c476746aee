// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;
using Penstock.Config.Comparison;

namespace Penstock.Daemon.Peers;

/// <summary>
/// Hashes of what is to be equal on all hosts, by path: enough to name what differs, with no value in it. They are keyed (HMAC-SHA-256, RFC 2104) by who asks, and the
/// key is in no answer, so that values of which there are few can't be found by trying.
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

    private const int EntryBytes = 8; // two values of one path against each other: 1 in 2^64
    private const int RootBytes = 16;

    /// <summary>Makes one.</summary>
    /// <param name="keys">The keys, sorted by path.</param>
    /// <param name="secret">The key to hash by.</param>
    /// <param name="level">Finest level; coarser where there are too many entries.</param>
    /// <param name="most">Most entries.</param>
    public static ConfigDigest Of(IReadOnlyList<SharedKey> keys, byte[] secret, DigestLevel level = DigestLevel.Keys, int most = MostEntries)
    {
        var hashes = new KeyValuePair<string, string>[keys.Count];
        for (var i = 0; i < hashes.Length; i++)
            hashes[i] = new(keys[i].Path, Hash(secret, $"{keys[i].Path}\0{keys[i].Value}", EntryBytes));
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

    private static string Hash(byte[] secret, string text, int bytes) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text)).AsSpan(0, bytes));
}
