// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>What the maps hold about clients of a service: networks allowed and blocked, overrides, QUIC server ids.</summary>
/// <param name="maps">The maps.</param>
internal sealed class ClientTables(IXdpMaps maps)
{
    private const int BatchSize = 4096;

    /// <summary>Takes over what the maps hold; what belongs to no service is removed.</summary>
    public void Adopt(XdpContents contents, IReadOnlyDictionary<uint, ServiceEntry> services)
    {
        var orphans = new List<Layout.SourceKey>();
        foreach (var group in contents.Sources.GroupBy(source => source.Key.Service))
        {
            if (!services.TryGetValue(group.Key, out var entry))
            {
                orphans.AddRange(group.Select(source => source.Key));
                continue;
            }

            SourceRule[] rules = [.. group.Select(source => new SourceRule(source.Key.Network, source.Value))];
            Array.Sort(rules, static (a, b) => a.Prefix.CompareTo(b.Prefix));
            entry.Sources = ImmutableCollectionsMarshal.AsImmutableArray(rules);
        }

        Delete(orphans);
        foreach (var (key, backend) in contents.Overrides)
        {
            if (services.TryGetValue(key.Service, out var entry))
                entry.Overrides.Add(key, backend);
            else
                maps.DeleteOverride(key);
        }

        foreach (var (key, backend) in contents.QuicServers)
        {
            if (services.TryGetValue(key.Service, out var entry))
                entry.QuicServers.Add(key, backend);
            else
                maps.DeleteQuicServer(key);
        }
    }

    /// <summary>Writes what is new of a plan, before the service asks for it.</summary>
    public void Write(ServiceEntry entry, PlannedService plan)
    {
        CountUnsure(entry);
        if (!IsSame(entry.Sources, plan.Sources))
        {
            entry.UnsureSources = plan.Sources;
            Write(entry.Id, Added(entry.Sources, plan.Sources));
        }

        foreach (var (clients, backend) in plan.Overrides)
        {
            var (key, id) = (Layout.SourceKey.Of(entry.Id, clients), entry.Backends[backend]);
            if (entry.Overrides.TryGetValue(key, out var known) && known == id)
                continue;
            maps.WriteOverride(key, id);
            entry.Overrides[key] = id;
        }

        foreach (var (server, backend) in plan.QuicServers)
        {
            var (key, id) = (new Layout.QuicKey { Service = entry.Id, Server = server }, entry.Backends[backend]);
            if (entry.QuicServers.TryGetValue(key, out var known) && known == id)
                continue;
            maps.WriteQuicServer(key, id);
            entry.QuicServers[key] = id;
        }
    }

    /// <summary>Removes what is no longer in a plan, after the service has ceased to ask and before backends go.</summary>
    public void Trim(ServiceEntry entry, PlannedService plan)
    {
        if (!IsSame(entry.Sources, plan.Sources))
        {
            Delete(Gone(entry.Sources, plan.Sources).Select(rule => Layout.SourceKey.Of(entry.Id, rule.Prefix)));
            (entry.Sources, entry.UnsureSources) = (plan.Sources, null);
        }

        var clients = plan.Overrides.Keys.Select(network => Layout.SourceKey.Of(entry.Id, network)).ToHashSet();
        Trim(entry.Overrides, key => !clients.Contains(key), key => maps.DeleteOverride(key));
        Trim(entry.QuicServers, key => !plan.QuicServers.ContainsKey(key.Server), key => maps.DeleteQuicServer(key));
    }

    /// <summary>Removes everything of a service that is no more.</summary>
    public void Remove(ServiceEntry entry)
    {
        CountUnsure(entry);
        entry.UnsureSources = [];
        Delete(entry.Sources.Select(rule => Layout.SourceKey.Of(entry.Id, rule.Prefix)));
        (entry.Sources, entry.UnsureSources) = ([], null);
        Trim(entry.Overrides, _ => true, key => maps.DeleteOverride(key));
        Trim(entry.QuicServers, _ => true, key => maps.DeleteQuicServer(key));
    }

    private static void Trim<TKey>(Dictionary<TKey, uint> written, Func<TKey, bool> isGone, Action<TKey> delete)
        where TKey : notnull
    {
        foreach (var key in written.Keys.Where(isGone).ToArray())
        {
            delete(key);
            written.Remove(key);
        }
    }

    private static bool IsSame(ImmutableArray<SourceRule> one, ImmutableArray<SourceRule> other) => one == other || one.AsSpan().SequenceEqual(other.AsSpan());

    // Both are sorted by network: one walk over both.
    private static IEnumerable<SourceRule> Added(ImmutableArray<SourceRule> before, ImmutableArray<SourceRule> after)
    {
        var at = 0;
        foreach (var rule in after)
        {
            while (at < before.Length && before[at].Prefix < rule.Prefix)
                at++;
            if (at == before.Length || before[at] != rule)
                yield return rule;
        }
    }

    private static IEnumerable<SourceRule> Gone(ImmutableArray<SourceRule> before, ImmutableArray<SourceRule> after)
    {
        var at = 0;
        foreach (var rule in before)
        {
            while (at < after.Length && after[at].Prefix < rule.Prefix)
                at++;
            if (at == after.Length || after[at].Prefix != rule.Prefix)
                yield return rule;
        }
    }

    // What a write that failed may have left counts as written, with no verdict: it is written again where a plan has it, and removed where none has.
    private static void CountUnsure(ServiceEntry entry)
    {
        if (entry.UnsureSources is not { } unsure)
            return;
        var rules = new SortedDictionary<SourcePrefix, Layout.SourceVerdict>();
        foreach (var rule in entry.Sources)
            rules.Add(rule.Prefix, rule.Verdict);
        foreach (var rule in unsure)
            rules[rule.Prefix] = rules.TryGetValue(rule.Prefix, out var known) && known == rule.Verdict ? known : default;
        foreach (var rule in Gone(entry.Sources, unsure))
            rules[rule.Prefix] = default;
        (entry.Sources, entry.UnsureSources) = ([.. rules.Select(rule => new SourceRule(rule.Key, rule.Value))], null);
    }

    private void Write(uint service, IEnumerable<SourceRule> rules)
    {
        var (keys, verdicts, count) = (new Layout.SourceKey[BatchSize], new Layout.SourceVerdict[BatchSize], 0);
        foreach (var rule in rules)
        {
            (keys[count], verdicts[count]) = (Layout.SourceKey.Of(service, rule.Prefix), rule.Verdict);
            if (++count < BatchSize)
                continue;
            maps.WriteSources(keys, verdicts);
            count = 0;
        }

        if (count > 0)
            maps.WriteSources(keys.AsSpan(0, count), verdicts.AsSpan(0, count));
    }

    private void Delete(IEnumerable<Layout.SourceKey> keys)
    {
        foreach (var batch in keys.Chunk(BatchSize))
            maps.DeleteSources(batch);
    }
}
