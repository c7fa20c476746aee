// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using Penstock.Config.Comparison;
using Penstock.Model;

namespace Penstock.Daemon.Peers;

/// <summary>A configuration, and its digests as far as somebody has asked for them.</summary>
/// <param name="config">The configuration.</param>
internal sealed class SharedConfig(ApplianceConfig config)
{
    // One for each peer, and as many again for peers that were started anew.
    private const int MostDigests = 32;

    private readonly Lazy<IReadOnlyList<SharedKey>> _keys = new(() => SharedKeys.Of(config));
    private readonly ConcurrentDictionary<string, ConfigDigest> _digests = new(StringComparer.Ordinal);

    /// <summary>The configuration.</summary>
    public ApplianceConfig Config => config;

    /// <summary>The digest by a key of <see cref="ConfigDigest.KeyBytes"/> bytes in hex.</summary>
    public ConfigDigest Digest(string key)
    {
        if (_digests.Count >= MostDigests)
            _digests.Clear();
        return _digests.GetOrAdd(key, _ => ConfigDigest.Of(_keys.Value, Convert.FromHexString(key)));
    }

    /// <summary>The same at a level that another host has chosen.</summary>
    public ConfigDigest Digest(string key, DigestLevel level) =>
        Digest(key) is { } digest && digest.Level == level ? digest : ConfigDigest.Of(_keys.Value, Convert.FromHexString(key), level, int.MaxValue);
}
