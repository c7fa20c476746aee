// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A key that packets find their service by: of <c>services</c>, or of <c>service_ranges</c>.</summary>
/// <param name="Address">The virtual address.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Ports">The ports.</param>
/// <param name="IsRange">Whether it is a part of a range.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PortKey(Layout.Address Address, TransportProtocol Protocol, PortPrefix Ports, bool IsRange)
{
    /// <summary>The last of its ports.</summary>
    public int Last => Ports.First + (1 << (16 - Ports.Bits)) - 1;

    /// <summary>The keys that what a service listens on takes.</summary>
    public static IReadOnlyList<PortKey> Cover(ServiceAddress listen)
    {
        var address = Layout.Address.Of(listen.Address);
        return listen.IsOnePort
            ? [new PortKey(address, listen.Protocol, new PortPrefix(listen.FirstPort, 16), IsRange: false)]
            : [.. PortPrefix.Cover(listen.FirstPort, listen.LastPort).Select(part => new PortKey(address, listen.Protocol, part, IsRange: true))];
    }

    /// <summary>That of a service of one port.</summary>
    public static PortKey Of(in Layout.ServiceKey key) => new(key.Address, (TransportProtocol)key.Protocol, new PortPrefix(key.Port, 16), IsRange: false);

    /// <summary>That of a part of a range.</summary>
    public static PortKey Of(in Layout.RangeKey key) => new(key.Address, (TransportProtocol)key.Protocol, key.Ports, IsRange: true);

    /// <summary>Writes it.</summary>
    public void Write(IXdpMaps maps, in Layout.Service value)
    {
        if (IsRange)
            maps.WriteRange(Layout.RangeKey.Of(Address.ToIPAddress(), (int)Protocol, Ports), value);
        else
            maps.WriteService(Layout.ServiceKey.Of(Address.ToIPAddress(), Ports.First, (int)Protocol), value);
    }

    /// <summary>Removes it.</summary>
    public void Delete(IXdpMaps maps)
    {
        if (IsRange)
            maps.DeleteRange(Layout.RangeKey.Of(Address.ToIPAddress(), (int)Protocol, Ports));
        else
            maps.DeleteService(Layout.ServiceKey.Of(Address.ToIPAddress(), Ports.First, (int)Protocol));
    }
}
