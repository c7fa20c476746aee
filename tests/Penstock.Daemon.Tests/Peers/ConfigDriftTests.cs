// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;
using Penstock.Daemon.Peers;

namespace Penstock.Daemon.Tests.Peers;

public sealed class ConfigDriftTests
{
    private static readonly byte[] s_key = new byte[ConfigDigest.KeyBytes];

    [Fact]
    public void Drift_NamesWhatDiffers_AndWhatOneHostAloneHasOnce()
    {
        var drift = Between(
            [new("l4.hash_seed", "7"), new("l4.services[api]", ""), new("l4.services[api].listen", "tcp://1"), new("l4.services[web].weight", "1"), new("l7.clusters.a", ""), new("l7.clusters.a-b", ""), new("l7.clusters.a.pool.idle", "1s")],
            [new("l4.services[web].weight", "2"), new("l7.clusters.a-b", ""), new("vrrp[edge].sync_group", "both")]);

        drift.Count.ShouldBe(5);
        drift.Keys.Select(key => key.Text("lb1", "lb2")).ShouldBe(
            ["l4.hash_seed (set on lb1 only)", "l4.services[api] (set on lb1 only)", "l4.services[web].weight", "l7.clusters.a (set on lb1 only)", "vrrp[edge].sync_group (set on lb2 only)"]);
    }

    [Fact]
    public void Drift_OfEqualConfigurations_IsNone() => Between([new("a", "1"), new("b", "2")], [new("a", "1"), new("b", "2")]).ShouldBe(ConfigDrift.None);

    [Fact]
    public void Drift_OfMany_ListsSomeAndCountsAll()
    {
        var drift = Between([.. Enumerable.Range(0, 1000).Select(i => new SharedKey($"a{i:0000}", "1"))], []);

        drift.Count.ShouldBe(1000);
        drift.Keys.Count.ShouldBe(ConfigDrift.MostKeys);
    }

    [Fact]
    public void Drift_WithPathsOfDotsAlone_TakesWorkInProportion()
    {
        // Eight thousand of the longest paths: all that an answer holds. Each is alone, and within none of the others as far as is looked.
        var hostile = Enumerable.Range(0, 8000).ToDictionary(i => $"{new string('.', ConfigDigest.LongestPath - 4)}{i:0000}", _ => "0000000000000000", StringComparer.Ordinal);
        ConfigDrift.Between(new Dictionary<string, string>(StringComparer.Ordinal), hostile).Count.ShouldBe(8000);

        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Should.Throw<OperationCanceledException>(() => ConfigDrift.Between(new Dictionary<string, string>(StringComparer.Ordinal), hostile, stop.Token));
    }

    [Fact]
    public void Digest_OfAVeryLongPath_IsCut_AndStillToldApart()
    {
        var path = new string('x', ConfigDigest.LongestPath);
        var digest = ConfigDigest.Of([new(path, "1"), new(path + "a", "1"), new(path + "b", "1")], s_key);

        digest.Trouble().ShouldBeNull();
        digest.Entries.Count.ShouldBe(3);
        digest.Entries.Keys.ShouldAllBe(key => key.Length == ConfigDigest.LongestPath);
    }

    [Fact]
    public void Digest_ByAnotherKey_IsAnother()
    {
        SharedKey[] keys = [new("a", "1")];
        var other = ConfigDigest.Of(keys, [.. Enumerable.Repeat((byte)1, ConfigDigest.KeyBytes)]);

        other.Root.ShouldNotBe(ConfigDigest.Of(keys, s_key).Root);
        other.Entries["a"].ShouldNotBe(ConfigDigest.Of(keys, s_key).Entries["a"]);
        other.Entries["a"].Length.ShouldBe(16);
    }

    [Fact]
    public void Digest_OfMoreKeysThanItMayHold_GoesByItemsAndThenBySections()
    {
        SharedKey[] keys =
        [
            new("l4.hash_seed", "7"), new("l4.services[a]", ""), new("l4.services[a].backends[1].weight", "2"), new("l4.services[b]", ""),
            new("l7.clusters.app", ""), new("l7.clusters.app.pool.idle", "1s"), new("l7.clusters.app-b", ""),
        ];
        var whole = ConfigDigest.Of(keys, s_key, most: 7);
        var items = ConfigDigest.Of(keys, s_key, most: 6);
        var sections = ConfigDigest.Of(keys, s_key, most: 4);

        whole.Level.ShouldBe(DigestLevel.Keys);
        items.Level.ShouldBe(DigestLevel.Items);
        items.Entries.Keys.ShouldBe(["l4.hash_seed", "l4.services[a]", "l4.services[b]", "l7.clusters.app", "l7.clusters.app-b"], ignoreOrder: true);
        sections.Level.ShouldBe(DigestLevel.Sections);
        sections.Entries.Keys.ShouldBe(["l4.hash_seed", "l4.services", "l7.clusters"], ignoreOrder: true);
        items.Root.ShouldBe(whole.Root);
        sections.Root.ShouldBe(whole.Root);

        keys[2] = keys[2] with { Value = "3" };
        ConfigDrift.Between(items.Entries, ConfigDigest.Of(keys, s_key, DigestLevel.Items).Entries).Keys.ShouldHaveSingleItem().ShouldBe(new ConfigDifference("l4.services[a]", DifferenceKind.Both));
    }

    private static ConfigDrift Between(SharedKey[] ours, SharedKey[] theirs) => ConfigDrift.Between(ConfigDigest.Of(ours, s_key).Entries, ConfigDigest.Of(theirs, s_key).Entries);
}
