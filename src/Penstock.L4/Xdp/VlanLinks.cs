// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Xdp;

/// <summary>
/// Has the program know this host's VLAN interfaces. The kernel's routes and neighbours name them, but they take no frames from XDP (the 8021q module has
/// no ndo_xdp_xmit): such frames leave by the interface below, with a tag.
/// </summary>
internal sealed class VlanLinks : IDisposable
{
    private RouteNetlink? _kernel;

    /// <summary>Writes what has changed since the map was last written, by whichever daemon.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    /// <exception cref="BpfException">It can't be written.</exception>
    public void Follow(BpfMap links)
    {
        _kernel ??= new RouteNetlink();
        var wanted = new Dictionary<uint, Layout.VlanLink>();
        foreach (var vlan in _kernel.Vlans())
            wanted[(uint)vlan.Index] = Layout.VlanLink.Of(vlan.ParentIndex, vlan.VlanId);
        foreach (var (index, link) in links.Entries<uint, Layout.VlanLink>())
        {
            if (!wanted.TryGetValue(index, out var now))
                links.Delete(index);
            else if (now == link)
                wanted.Remove(index);
        }

        foreach (var (index, link) in wanted)
            links.Update(index, link);
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel?.Dispose();
}
