// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Addresses a plan needs known, and what is to be known of each.</summary>
internal static class VipPlan
{
    /// <summary>Works them out.</summary>
    /// <param name="plan">The services.</param>
    /// <param name="isClosed">Whether what no service takes is dropped.</param>
    public static Dictionary<Layout.Address, Layout.Vip> Of(IReadOnlyList<PlannedService> plan, bool isClosed)
    {
        var vips = new Dictionary<Layout.Address, Layout.Vip>(plan.Count);
        var seen = new HashSet<(Layout.Address, TransportProtocol)>(plan.Count);
        foreach (var service in plan)
        {
            var address = Layout.Address.Of(service.Listen.Address);
            ref var vip = ref CollectionsMarshal.GetValueRefOrAddDefault(vips, address, out _);
            if (service.IsTunnel)
                continue; // an address that tunnels end at is the host's own, which answers for itself

            vip.Flags |= isClosed ? Layout.VipFlags.Echo | Layout.VipFlags.Closed : Layout.VipFlags.Echo;
            if (!service.Listen.IsOnePort)
                vip.Flags |= Layout.VipFlags.Ranges;
            var port = seen.Add((address, service.Listen.Protocol)) ? FragmentPort(service) : (ushort)0;
            if (service.Listen.Protocol == TransportProtocol.Tcp)
                vip.TcpFragmentPort = port;
            else if (service.Listen.Protocol == TransportProtocol.Udp)
                vip.UdpFragmentPort = port;
        }

        foreach (var source in plan.Where(service => service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat)).SelectMany(service => service.Backends).Select(backend => backend.Value.Source))
        {
            var vip = vips.GetValueOrDefault(source);
            vips[source] = vip with { Flags = vip.Flags | Layout.VipFlags.NatSource };
        }

        return vips;
    }

    // A later fragment without its first names no port: it is clear only where the address has one service of the protocol. By nat such a part has no way.
    private static ushort FragmentPort(PlannedService service) =>
        service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat) ? (ushort)0 : BinaryPrimitives.ReverseEndianness((ushort)Math.Max(1, service.Listen.FirstPort)); // 0 is none
}
