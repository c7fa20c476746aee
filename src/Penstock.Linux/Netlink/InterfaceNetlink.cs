// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.Linux.Netlink;

/// <summary>Addresses of the interfaces of this network namespace: which they are, putting them on and taking them off (rtnetlink(7)). Not for several threads at a time.</summary>
public sealed class InterfaceNetlink : IDisposable
{
    private const ushort NewAddress = 20, DeleteAddress = 21, GetAddress = 22; // RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR
    private const ushort NewLink = 16, DeleteLink = 17, GetLink = 18; // RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK
    private const ushort FarAddress = 1, OwnAddress = 2;      // IFA_ADDRESS, the peer's on a point-to-point link, and IFA_LOCAL
    private const ushort CacheInfo = 6;                       // IFA_CACHEINFO
    private const byte WithoutDetection = 2;                  // IFA_F_NODAD
    private const byte HostScope = 254;                       // RT_SCOPE_HOST
    private const int CacheInfoLength = 16;                   // sizeof(struct ifa_cacheinfo)
    private const int AddressHeader = 8;                      // sizeof(struct ifaddrmsg)
    private const int LinkHeader = 16;                        // sizeof(struct ifinfomsg)
    private const int LinkIndex = 4;                          // offset of ifi_index
    private const ushort LowerLink = 5, LinkInfo = 18, InfoKind = 1; // IFLA_LINK, IFLA_LINKINFO, IFLA_INFO_KIND
    private const string MacvlanKind = "macvlan";
    private const byte Inet = 2, Inet6 = 10;                  // AF_INET, AF_INET6

    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkProtocol.Route);
    private readonly NetlinkWriter _request = new();

    /// <summary>All addresses of all interfaces.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public IReadOnlyList<AssignedAddress> Addresses()
    {
        var found = new List<AssignedAddress>();
        _request.Clear();
        _request.Begin(GetAddress, NetlinkFlags.Dump);
        _request.Raw(stackalloc byte[AddressHeader]);
        _socket.Dump(_request, "ask the kernel for its addresses", found.Clear, (in NetlinkMessage message) =>
        {
            if (ParseAddress(message) is { } address)
                found.Add(new AssignedAddress(BitConverter.ToInt32(message.Payload[4..]), address, message.Payload[1]));
        });
        return found;
    }

    /// <summary>
    /// Puts an address on an interface, for packets to it and not as a source that the kernel would choose by itself: it is deprecated (RFC 4862, 5.5.4), of host scope where it is IPv4,
    /// and nobody is asked whether he has it. One that is there already gets the new lifetime.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <param name="lifetime">Time after which the kernel takes it off, in whole seconds, at least one; null: never.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void Put(AssignedAddress address, TimeSpan? lifetime)
    {
        var isV6 = address.Address.AddressFamily == AddressFamily.InterNetworkV6;
        var valid = lifetime is { } time ? (uint)Math.Clamp(time.TotalSeconds, 1, int.MaxValue) : uint.MaxValue;
        Span<byte> header = [isV6 ? Inet6 : Inet, (byte)address.PrefixLength, WithoutDetection, isV6 ? (byte)0 : HostScope, 0, 0, 0, 0];
        BitConverter.TryWriteBytes(header[4..], address.Interface);
        Span<byte> cache = stackalloc byte[CacheInfoLength];
        cache.Clear(); // ifa_prefered, and the times of making and of change
        BitConverter.TryWriteBytes(cache[4..], valid);
        _request.Clear();
        _request.Begin(NewAddress, NetlinkFlags.Create | NetlinkFlags.Replace);
        _request.Raw(header);
        _request.Add(OwnAddress, address.Address);
        _request.Add(FarAddress, address.Address);
        _request.Add(CacheInfo, cache);
        var outcome = _socket.Exchange(_request)[0];
        if (outcome.Error != Errno.None)
            throw NetlinkException.Of($"put {address.Address}/{address.PrefixLength} on an interface", outcome);
    }

    /// <summary>Takes an address off its interface.</summary>
    /// <returns>False: it was not there any more.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool Remove(AssignedAddress address)
    {
        var isV6 = address.Address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> header = [isV6 ? Inet6 : Inet, (byte)address.PrefixLength, 0, 0, 0, 0, 0, 0];
        BitConverter.TryWriteBytes(header[4..], address.Interface);
        _request.Clear();
        _request.Begin(DeleteAddress, NetlinkFlags.Ack);
        _request.Raw(header);
        _request.Add(OwnAddress, address.Address);
        _request.Add(FarAddress, address.Address);
        return WasThere($"take {address.Address} off its interface");
    }

    /// <summary>Deletes an interface, if it is a macvlan; its addresses go with it.</summary>
    /// <returns>False: there is none of that name, or it is another kind of interface.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool RemoveMacvlan(string name)
    {
        var index = NetworkDevice.Index(name);
        if (index == 0 || LowerOf(index) is null)
            return false;
        Begin(DeleteLink, NetlinkFlags.Ack, index);
        return WasThere($"delete interface {name}");
    }

    /// <summary>Number of the interface that a macvlan is on. Of one that was made on another macvlan it is that one's own, for the kernel makes none of two floors.</summary>
    /// <returns>Null: there is no interface of that name, or it is another kind.</returns>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public int? MacvlanLower(string name)
    {
        var index = NetworkDevice.Index(name);
        return index == 0 ? null : LowerOf(index);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Reads RTM_NEWADDR.</summary>
    /// <returns>Null: it is none, or of another family.</returns>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    internal static IPAddress? ParseAddress(in NetlinkMessage message)
    {
        if (message.Type != NewAddress)
            return null;
        var attributes = message.Attributes(AddressHeader);
        var (own, far) = ((IPAddress?)null, (IPAddress?)null);
        var isKnown = message.Payload[0] is Inet or Inet6;
        while (attributes.TryRead(out var attribute))
        {
            if (isKnown && attribute.Type == OwnAddress)
                own = RouteNetlink.Address(attribute.Value);
            else if (isKnown && attribute.Type == FarAddress)
                far = RouteNetlink.Address(attribute.Value);
        }

        attributes.RequireWhole();
        return own ?? far;
    }

    private int? LowerOf(int index)
    {
        int? found = null;
        Begin(GetLink, NetlinkFlags.None, index);
        _ = _socket.Exchange(_request, (in NetlinkMessage message) =>
        {
            if (message.Type == NewLink && Kind(message) is (MacvlanKind, var lower))
                found = lower;
        });
        return found;
    }

    private void Begin(ushort type, NetlinkFlags flags, int index)
    {
        Span<byte> header = stackalloc byte[LinkHeader];
        header.Clear();
        BitConverter.TryWriteBytes(header[LinkIndex..], index);
        _request.Clear();
        _request.Begin(type, flags);
        _request.Raw(header);
    }

    private bool WasThere(string asked)
    {
        var outcome = _socket.Exchange(_request)[0];
        return outcome.Error switch
        {
            Errno.None => true,
            Errno.EADDRNOTAVAIL or Errno.ENODEV => false,
            _ => throw NetlinkException.Of(asked, outcome),
        };
    }

    // Kind of an interface, and the number of the one below it; 0: there is none.
    private static (string Kind, int Lower) Kind(in NetlinkMessage message)
    {
        var (kind, lower) = ("", 0);
        var attributes = message.Attributes(LinkHeader);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == LowerLink)
                lower = (int)attribute.UInt32();
            if (attribute.Type != LinkInfo)
                continue;
            var info = attribute.Nested();
            while (info.TryRead(out var value))
            {
                if (value.Type == InfoKind)
                    kind = value.Text();
            }
        }

        return (kind, lower);
    }
}
