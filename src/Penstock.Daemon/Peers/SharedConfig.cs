// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;
using Penstock.Model;

namespace Penstock.Daemon.Peers;

/// <summary>A configuration, and its digests as far as somebody has asked for them.</summary>
/// <param name="config">The configuration.</param>
/// <param name="time">Clock.</param>
internal sealed class SharedConfig(ApplianceConfig config, TimeProvider time)
{
    // One for each peer, and as many again for peers that were started anew.
    private const int MostDigests = 32;

    // A digest takes time that grows with the configuration: who asks by ever new keys gets no more of them than this.
    private const int DigestsPerSecond = 2;

    private readonly Lazy<IReadOnlyList<SharedKey>> _keys = new(() => SharedKeys.Of(config));
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (ConfigDigest Digest, long UsedAt)> _digests = new(StringComparer.Ordinal);
    private double _budget = MostDigests;
    private long _paidAt = time.GetTimestamp();

    /// <summary>The configuration.</summary>
    public ApplianceConfig Config => config;

    /// <summary>The digest by a key of <see cref="ConfigDigest.KeyBytes"/> bytes in hex.</summary>
    public ConfigDigest Digest(string key)
    {
        lock (_gate)
            return Known(key) ?? Keep(key);
    }

    /// <summary>The same for another host: at most 32 keys at once, and two new ones a second after that.</summary>
    /// <returns>Null: too many keys.</returns>
    public ConfigDigest? TryDigest(string key)
    {
        lock (_gate)
        {
            if (Known(key) is { } known)
                return known;
            _budget = Math.Min(MostDigests, _budget + (time.GetElapsedTime(_paidAt).TotalSeconds * DigestsPerSecond));
            _paidAt = time.GetTimestamp();
            if (_budget < 1)
                return null;
            _budget--;
            return Keep(key);
        }
    }

    /// <summary>This host's at a level that another host has chosen.</summary>
    public ConfigDigest Digest(string key, DigestLevel level) =>
        Digest(key) is { } digest && digest.Level == level ? digest : ConfigDigest.Of(_keys.Value, Convert.FromHexString(key), level, int.MaxValue);

    private ConfigDigest? Known(string key)
    {
        if (!_digests.TryGetValue(key, out var known))
            return null;
        _digests[key] = known with { UsedAt = time.GetTimestamp() };
        return known.Digest;
    }

    // The one that has not been asked for the longest goes: those who ask each second keep theirs.
    private ConfigDigest Keep(string key)
    {
        if (_digests.Count >= MostDigests)
            _digests.Remove(_digests.MinBy(one => one.Value.UsedAt).Key);
        var digest = ConfigDigest.Of(_keys.Value, Convert.FromHexString(key));
        _digests[key] = (digest, time.GetTimestamp());
        return digest;
    }
}
