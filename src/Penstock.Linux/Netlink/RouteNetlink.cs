// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>Routes, neighbours and VLAN interfaces of this network namespace (rtnetlink(7)). Not for several threads at a time.</summary>
public sealed class RouteNetlink : IDisposable
{
    private const ushort NewRoute = 24, GetRoute = 26;         // RTM_NEWROUTE, RTM_GETROUTE
    private const ushort NewNeighbour = 28, GetNeighbour = 30; // RTM_NEWNEIGH, RTM_GETNEIGH
    private const ushort NewLink = 16, GetLink = 18;           // RTM_NEWLINK, RTM_GETLINK
    private const int LinkHeader = 16;                         // sizeof(struct ifinfomsg)
    private const int LinkIndex = 4;                           // offset of ifi_index
    private const ushort NewFilter = 44, GetFilter = 46;       // RTM_NEWTFILTER, RTM_GETTFILTER
    private const int FilterParent = 12;                       // offset of tcm_parent
    private const uint Ingress = 0xFFFFFFF2, Egress = 0xFFFFFFF3; // TC_H_CLSACT with TC_H_MIN_INGRESS, TC_H_MIN_EGRESS
    private const ushort ParentLink = 5, LinkInfo = 18;        // IFLA_LINK, IFLA_LINKINFO
    private const ushort CarrierChanges = 35;                  // IFLA_CARRIER_CHANGES (3.15)
    private const ushort ExtendedMask = 29;                    // IFLA_EXT_MASK
    private const uint SkipStatistics = 8;                     // RTEXT_FILTER_SKIP_STATS (4.4)
    private const ushort ParentNamespace = 37;                 // IFLA_LINK_NETNSID: the parent is in another namespace
    private const ushort InfoKind = 1, InfoData = 2;           // IFLA_INFO_KIND, IFLA_INFO_DATA
    private const ushort VlanId = 1, VlanProtocol = 5;         // IFLA_VLAN_ID, IFLA_VLAN_PROTOCOL
    private const ushort Dot1Q = 0x8100;                       // ETH_P_8021Q
    private const string VlanKind = "vlan";
    private const int RouteHeader = 12;                        // sizeof(struct rtmsg)
    private const int NeighbourHeader = 12;                    // sizeof(struct ndmsg)
    private const byte Inet = 2, Inet6 = 10;                   // AF_INET, AF_INET6
    private const byte LocalRoute = 2;                         // RTN_LOCAL
    private const byte UnicastRoute = 1;                       // RTN_UNICAST
    private const int RouteType = 7;                           // offset of rtm_type
    private const ushort Destination = 1;                      // RTA_DST, NDA_DST
    private const ushort LinkAddress = 2;                      // NDA_LLADDR
    private const ushort OutputInterface = 4;                  // RTA_OIF
    private const ushort Gateway = 5;                          // RTA_GATEWAY
    private const ushort Via = 18;                             // RTA_VIA: a gateway of the other family

    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkProtocol.Route);
    private readonly NetlinkWriter _request = new();

    /// <summary>The way packets of this host to an address go.</summary>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public RouteTo? Route(IPAddress destination)
    {
        var isV6 = destination.AddressFamily == AddressFamily.InterNetworkV6;
        _request.Clear();
        _request.Begin(GetRoute);
        _request.Raw([isV6 ? Inet6 : Inet, (byte)(isV6 ? 128 : 32), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        _request.Add(Destination, destination);
        RouteTo? found = null;
        var outcome = _socket.Exchange(_request, (in NetlinkMessage message) => found = ParseRoute(message) ?? found)[0];
        return outcome.Error switch
        {
            Errno.None => found,
            Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EACCES or Errno.EINVAL => null, // no route, or one that says so: unreachable, prohibit, blackhole
            _ => throw NetlinkException.Of($"ask the kernel for its route to {destination}", outcome),
        };
    }

    /// <summary>All neighbours of a family.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public IReadOnlyList<Neighbour> Neighbours(AddressFamily family)
    {
        var found = new List<Neighbour>();
        _request.Clear();
        _request.Begin(GetNeighbour, NetlinkFlags.Dump);
        _request.Raw([family == AddressFamily.InterNetworkV6 ? Inet6 : Inet, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        _socket.Dump(_request, "ask the kernel for its neighbours", found.Clear, (in NetlinkMessage message) =>
        {
            if (ParseNeighbour(message) is { } neighbour)
                found.Add(neighbour);
        });
        return found;
    }

    /// <summary>All VLAN interfaces whose parent is in this namespace too.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public IReadOnlyList<VlanInterface> Vlans()
    {
        var found = new List<VlanInterface>();
        _request.Clear();
        _request.Begin(GetLink, NetlinkFlags.Dump);
        _request.Raw([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        var info = _request.BeginNested(LinkInfo); // the kernel leaves out others (4.4 and later)
        _request.Add(InfoKind, VlanKind);
        _request.EndNested(info);
        _socket.Dump(_request, "ask the kernel for its VLAN interfaces", found.Clear, (in NetlinkMessage message) =>
        {
            if (ParseVlan(message) is { } vlan)
                found.Add(vlan);
        });
        return found;
    }

    /// <summary>Whether the qdisc clsact of an interface has filters.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public bool HasFilters(int interfaceIndex)
    {
        var count = 0;
        Span<byte> header = stackalloc byte[20]; // struct tcmsg
        foreach (var parent in (uint[])[Ingress, Egress])
        {
            header.Clear();
            MemoryMarshal.Write(header[LinkIndex..], interfaceIndex);
            MemoryMarshal.Write(header[FilterParent..], parent);
            _request.Clear();
            _request.Begin(GetFilter, NetlinkFlags.Dump);
            _request.Raw(header);
            var before = count;
            _socket.Dump(_request, "ask the kernel for filters", () => count = before, (in NetlinkMessage message) => count += message.Type == NewFilter ? 1 : 0);
        }

        return count > 0;
    }

    /// <summary>How often each interface has gained or lost its carrier so far, by the interface's number.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public IReadOnlyDictionary<int, uint> Carriers()
    {
        var found = new Dictionary<int, uint>();
        _request.Clear();
        _request.Begin(GetLink, NetlinkFlags.Dump);
        _request.Raw([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        _request.Add(ExtendedMask, SkipStatistics);
        _socket.Dump(_request, "ask the kernel for its interfaces", found.Clear, (in NetlinkMessage message) =>
        {
            if (ParseCarrier(message) is { } carrier)
                found[carrier.Index] = carrier.Changes;
        });
        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Reads RTM_NEWROUTE.</summary>
    /// <returns>Null: it is none, or one that takes no packets.</returns>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    internal static RouteTo? ParseRoute(in NetlinkMessage message)
    {
        if (message.Type != NewRoute)
            return null;
        var attributes = message.Attributes(RouteHeader);
        var (index, gateway) = (0, (IPAddress?)null);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == OutputInterface)
                index = (int)attribute.UInt32();
            else if (attribute.Type == Gateway)
                gateway = Address(attribute.Value);
            else if (attribute.Type == Via && attribute.Value.Length > 2)
                gateway = Address(attribute.Value[2..]); // struct rtvia: a family, then the address
        }

        attributes.RequireWhole();
        var kind = message.Payload[RouteType];
        return kind is UnicastRoute or LocalRoute && index > 0 ? new RouteTo(index, gateway, kind == LocalRoute) : null;
    }

    /// <summary>Reads RTM_NEWNEIGH.</summary>
    /// <returns>Null: it is none, or one of another kind, such as a bridge's.</returns>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    internal static Neighbour? ParseNeighbour(in NetlinkMessage message)
    {
        if (message.Type != NewNeighbour)
            return null;
        var attributes = message.Attributes(NeighbourHeader);
        var (address, link) = ((IPAddress?)null, (PhysicalAddress?)null);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == Destination)
                address = Address(attribute.Value);
            else if (attribute.Type == LinkAddress)
                link = new PhysicalAddress(attribute.Value.ToArray());
        }

        attributes.RequireWhole();
        return message.Payload[0] is Inet or Inet6 && address is not null
            ? new Neighbour(address, MemoryMarshal.Read<int>(message.Payload[4..]), (NeighbourState)MemoryMarshal.Read<ushort>(message.Payload[8..]), link)
            : null;
    }

    /// <summary>Reads RTM_NEWLINK.</summary>
    /// <returns>Null: it is no VLAN by 802.1Q of an interface in this namespace.</returns>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    internal static VlanInterface? ParseVlan(in NetlinkMessage message)
    {
        if (message.Type != NewLink)
            return null;
        var attributes = message.Attributes(LinkHeader);
        var (parent, id, isHere) = (0, (int?)null, true);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == ParentLink)
                parent = (int)attribute.UInt32();
            else if (attribute.Type == ParentNamespace)
                isHere = false;
            else if (attribute.Type == LinkInfo)
                id = ParseVlanInfo(attribute.Nested());
        }

        attributes.RequireWhole();
        return isHere && parent > 0 && id is { } vlan ? new VlanInterface(MemoryMarshal.Read<int>(message.Payload[LinkIndex..]), parent, vlan) : null;
    }

    /// <summary>Reads the changes of RTM_NEWLINK.</summary>
    /// <returns>Null: it is none.</returns>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    internal static (int Index, uint Changes)? ParseCarrier(in NetlinkMessage message)
    {
        if (message.Type != NewLink)
            return null;
        var attributes = message.Attributes(LinkHeader);
        var changes = 0U;
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == CarrierChanges)
                changes = attribute.UInt32();
        }

        attributes.RequireWhole();
        return (MemoryMarshal.Read<int>(message.Payload[LinkIndex..]), changes);
    }

    private static int? ParseVlanInfo(NetlinkAttributes info)
    {
        var (kind, id, protocol) = ("", (int?)null, (int)Dot1Q);
        while (info.TryRead(out var attribute))
        {
            if (attribute.Type == InfoKind)
                kind = attribute.Text();
            if (attribute.Type != InfoData || kind != VlanKind)
                continue;
            var data = attribute.Nested();
            while (data.TryRead(out var value))
            {
                if (value.Type == VlanId)
                    id = value.UInt16();
                else if (value.Type == VlanProtocol)
                    protocol = value.UInt16Network();
            }

            data.RequireWhole();
        }

        info.RequireWhole();
        return protocol == Dot1Q ? id : null;
    }

    /// <summary>Reads the value of an attribute that is an address.</summary>
    /// <exception cref="NetlinkException">It has another length than an address.</exception>
    internal static IPAddress Address(ReadOnlySpan<byte> bytes) =>
        bytes.Length is 4 or 16 ? new IPAddress(bytes) : throw NetlinkException.Malformed($"an address of {bytes.Length} bytes");
}
