// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Addresses a plan needs known, and what is to be known of each.</summary>
internal static class VipPlan
{
    /// <summary>Works them out.</summary>
    public static Dictionary<Layout.Address, Layout.Vip> Of(IReadOnlyList<PlannedService> plan)
    {
        var vips = new Dictionary<Layout.Address, Layout.Vip>();
        foreach (var group in plan.GroupBy(service => Layout.Address.Of(service.Listen.Address)))
        {
            vips.Add(group.Key, new Layout.Vip
            {
                Flags = Layout.VipFlags.Echo | (group.Any(service => !service.Listen.IsOnePort) ? Layout.VipFlags.Ranges : Layout.VipFlags.None),
                TcpFragmentPort = OnlyPort(group, TransportProtocol.Tcp),
                UdpFragmentPort = OnlyPort(group, TransportProtocol.Udp),
            });
        }

        foreach (var source in plan.SelectMany(service => service.Backends).Where(backend => backend.Value.Forwarding == Layout.ForwardingKind.Nat).Select(backend => backend.Value.Source))
        {
            var vip = vips.GetValueOrDefault(source);
            vips[source] = vip with { Flags = vip.Flags | Layout.VipFlags.NatSource };
        }

        return vips;
    }

    // A later fragment without its first names no port: it is clear only where the address has one service of the protocol.
    private static ushort OnlyPort(IEnumerable<PlannedService> services, TransportProtocol protocol)
    {
        var mine = services.Where(service => service.Listen.Protocol == protocol).Take(2).ToArray();
        return mine is [{ Listen.IsOnePort: true }] ? BinaryPrimitives.ReverseEndianness((ushort)mine[0].Listen.FirstPort) : (ushort)0;
    }
}
