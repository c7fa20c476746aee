// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>Instances that run in one keepalived: those of a sync group, or one that is in none.</summary>
/// <param name="Folder">Where its files are.</param>
/// <param name="Instances">Its instances, in file order.</param>
/// <param name="Plan">What keepalived is to run.</param>
internal sealed record VrrpGroup(KeepalivedFolder Folder, IReadOnlyList<VrrpInstanceConfig> Instances, KeepalivedPlan Plan)
{
    /// <summary>The group's name.</summary>
    public string Name => Folder.Group;

    /// <summary>What it may have on the host: addresses, each with its interface, and the macvlans, whose names are the same on all interfaces.</summary>
    public HashSet<string> Holds =>
        Plan.Instances.SelectMany(instance => instance.Addresses.Select(one => $"{one.Interface} {one.Address}").Concat(instance.Macvlans)).ToHashSet(StringComparer.Ordinal);

    /// <summary>The groups of a configuration.</summary>
    /// <exception cref="AddressApplyException">The template can't be used, or the kernel does not tell its addresses.</exception>
    public static List<VrrpGroup> Of(ApplianceConfig config)
    {
        if (config.Vrrp.IsEmpty)
            return [];
        var template = KeepalivedTemplate.Load(config.Keepalived.Template);
        var sources = AdvertSources.Read(config.Vrrp);
        return
        [
            .. config.Vrrp.GroupBy(instance => instance.Group, StringComparer.Ordinal).Select(group =>
            {
                var folder = new KeepalivedFolder(config.Keepalived.State, config.Keepalived.Run, group.Key);
                VrrpInstanceConfig[] instances = [.. group];
                return new VrrpGroup(folder, instances, new KeepalivedPlan(template.Render(config.Node, folder, [.. instances.Select(sources.Complete)]), [.. instances.Select(Holding)]));
            }),
        ];
    }

    private static KeepalivedInstance Holding(VrrpInstanceConfig instance) => new(
        instance.Name,
        [new KeepalivedAddress(instance.Interface, instance.Token().Address), .. instance.Addresses.Select(one => new KeepalivedAddress(one.Interface ?? instance.Interface, one.Address.Address))],
        instance.UseVmac ? [instance.Macvlan()] : []);
}
