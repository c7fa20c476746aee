// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Penstock.Model.Schema;

namespace Penstock.Config.Comparison;

/// <summary>
/// What of a configuration is to be equal on all hosts that share virtual addresses: every key without a <see cref="PerHostAttribute"/> whose value is not the default,
/// so that a default that is written and one that is not are the same.
/// </summary>
public static class SharedKeys
{
    /// <summary>Lists them, sorted by path.</summary>
    public static IReadOnlyList<SharedKey> Of(ApplianceConfig config) =>
        [.. new KeyListing(ofAllHosts: true).Of(config).Where(key => !key.IsDefault).Select(key => new SharedKey(key.Path, key.Value))];
}
