// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Xdp;

/// <summary>
/// MAC addresses of real servers on links of this host, from the kernel's routes and neighbour table. Asking it to find one out, and again before it
/// forgets, is <see cref="NeighbourKeeper"/>'s.
/// </summary>
/// <param name="host">The host's interfaces.</param>
internal sealed class LinkHops(IHostNetwork host) : ILinkHops, IDisposable
{
    private readonly Dictionary<IPAddress, LinkHop> _hops = [];
    private RouteNetlink? _kernel;

    /// <inheritdoc/>
    public LinkHop Find(IPAddress address)
    {
        if (!_hops.TryGetValue(address, out var hop))
        {
            host.Resolve(address);
            _hops[address] = hop = Ask(address, known: null, Neighbours([address]));
        }

        return hop;
    }

    /// <summary>Follows these from now on, and no others.</summary>
    public void Keep(IReadOnlySet<IPAddress> addresses)
    {
        foreach (var gone in _hops.Keys.Where(address => !addresses.Contains(address)).ToArray())
            _hops.Remove(gone);
    }

    /// <summary>Asks the kernel about all of them.</summary>
    /// <returns>Whether something about one has changed.</returns>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    public bool Refresh()
    {
        if (_hops.Count == 0)
            return false;
        var neighbours = Neighbours(_hops.Keys);
        var isChanged = false;
        foreach (var (address, known) in _hops.ToArray())
        {
            var now = Ask(address, known, neighbours);
            if (now.Fault.Length > 0)
                host.Resolve(address);
            if (now.Fault == known.Fault && now.Mac.Equals(known.Mac) && now.Egress?.Index == known.Egress?.Index)
                continue;
            _hops[address] = now;
            isChanged = true;
        }

        return isChanged;
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel?.Dispose();

    private Dictionary<(IPAddress Address, int Interface), Neighbour> Neighbours(IEnumerable<IPAddress> addresses)
    {
        _kernel ??= new RouteNetlink();
        var found = new Dictionary<(IPAddress, int), Neighbour>();
        foreach (var family in addresses.Select(address => address.AddressFamily).Distinct())
        {
            foreach (var neighbour in _kernel.Neighbours(family))
                found[(neighbour.Address, neighbour.InterfaceIndex)] = neighbour;
        }

        return found;
    }

    private LinkHop Ask(IPAddress address, LinkHop? known, Dictionary<(IPAddress Address, int Interface), Neighbour> neighbours)
    {
        _kernel ??= new RouteNetlink();
        if (_kernel.Route(address) is not { } route)
            return new LinkHop(default, null, $"no route to {address}");
        if (route.IsLocal)
            return new LinkHop(default, null, $"{address} is this host's own: dsr-l2 needs another host");
        if (route.Gateway is { } router)
            return new LinkHop(default, null, $"{address} is behind the router {router}: dsr-l2 needs it on a link of this host");
        var egress = known?.Egress is { } before && before.Index == route.InterfaceIndex ? before : host.Find(route.InterfaceIndex);
        if (egress is null)
            return new LinkHop(default, null, $"no interface {route.InterfaceIndex}, by which {address} is reached");
        var neighbour = neighbours.GetValueOrDefault((address, route.InterfaceIndex));
        if (neighbour is { IsUsable: true, LinkAddress: { } link } && link.GetAddressBytes() is { Length: 6 } octets)
        {
            Layout.Mac mac = default;
            octets.CopyTo((Span<byte>)mac);
            return new LinkHop(mac, egress);
        }

        // The kernel forgets neighbours that nobody uses, and asks anew from nothing: what was known holds until there is no answer.
        if (known is { Fault: "" } && known.Egress?.Index == egress.Index && neighbour?.State is not NeighbourState.Failed)
            return known;
        return new LinkHop(default, egress, $"no answer on {egress.Name} to who has {address}");
    }
}
