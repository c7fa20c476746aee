// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Supervision;

/// <summary>Roles of one keepalived's instances, by what it reports.</summary>
internal sealed class RoleBook(TimeProvider time)
{
    private readonly SortedDictionary<string, KeepalivedRole> _roles = new(StringComparer.Ordinal);

    /// <summary>All of them, by name.</summary>
    public ImmutableArray<KeepalivedRole> Roles => [.. _roles.Values];

    /// <summary>Names the instances there are; of others nothing is told any more.</summary>
    public void Track(IEnumerable<string> instances)
    {
        var names = instances.ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _roles.Keys.Where(name => !names.Contains(name)).ToArray())
            _roles.Remove(gone);
        foreach (var name in names)
            _roles.TryAdd(name, new KeepalivedRole(name, VrrpRole.Unknown, null, ImmutableSortedDictionary<VrrpRole, long>.Empty));
    }

    /// <summary>The role of an instance that there is.</summary>
    public VrrpRole Of(string instance) => _roles.TryGetValue(instance, out var known) ? known.Role : VrrpRole.Unknown;

    /// <summary>Takes what keepalived reported.</summary>
    /// <returns>The change; null: it is none, or of a group or an instance that is not tracked.</returns>
    public VrrpRoleChange? Take(in NotifyLine line) => !line.IsGroup && line.Role is { } role ? Set(line.Name, role) : null;

    /// <summary>Gives an instance the role it is found in, without a transition that anybody saw.</summary>
    /// <returns>The change; null: it had it, or is not tracked.</returns>
    public VrrpRoleChange? Find(string instance, VrrpRole role)
    {
        if (!_roles.TryGetValue(instance, out var known) || known.Role == role)
            return null;
        _roles[instance] = known with { Role = role };
        return new VrrpRoleChange(instance, known.Role, role, time.GetUtcNow());
    }

    /// <summary>Gives an instance a role.</summary>
    /// <returns>The change; null: it had it, or is not tracked.</returns>
    public VrrpRoleChange? Set(string instance, VrrpRole role)
    {
        if (!_roles.TryGetValue(instance, out var known) || known.Role == role)
            return null;
        var now = time.GetUtcNow();
        _roles[instance] = known with { Role = role, Since = now, Transitions = known.Transitions.SetItem(role, known.Transitions.GetValueOrDefault(role) + 1) };
        return new VrrpRoleChange(instance, known.Role, role, now);
    }
}
