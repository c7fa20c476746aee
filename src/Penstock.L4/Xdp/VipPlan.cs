// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
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
        var vips = new Dictionary<Layout.Address, Layout.Vip>();
        foreach (var group in plan.GroupBy(service => Layout.Address.Of(service.Listen.Address)))
        {
            // An address that tunnels end at is the host's own, which answers for itself.
            var services = group.Where(service => !service.IsTunnel).ToArray();
            var flags = services.Length == 0 ? Layout.VipFlags.None : isClosed ? Layout.VipFlags.Echo | Layout.VipFlags.Closed : Layout.VipFlags.Echo;
            vips.Add(group.Key, new Layout.Vip
            {
                Flags = flags | (services.Any(service => !service.Listen.IsOnePort) ? Layout.VipFlags.Ranges : Layout.VipFlags.None),
                TcpFragmentPort = OnlyPort(services, TransportProtocol.Tcp),
                UdpFragmentPort = OnlyPort(services, TransportProtocol.Udp),
            });
        }

        foreach (var source in plan.Where(service => service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat)).SelectMany(service => service.Backends).Select(backend => backend.Value.Source))
        {
            var vip = vips.GetValueOrDefault(source);
            vips[source] = vip with { Flags = vip.Flags | Layout.VipFlags.NatSource };
        }

        return vips;
    }

    // A later fragment without its first names no port: it is clear only where the address has one service of the protocol. By nat such a part has no way.
    private static ushort OnlyPort(IEnumerable<PlannedService> services, TransportProtocol protocol)
    {
        var mine = services.Where(service => service.Listen.Protocol == protocol).Take(2).ToArray();
        return mine is [var only] && !only.Value.Flags.HasFlag(Layout.ServiceFlags.Nat) ? BinaryPrimitives.ReverseEndianness((ushort)Math.Max(1, only.Listen.FirstPort)) : (ushort)0; // 0 is none
    }
}
