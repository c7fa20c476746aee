// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Penstock.Linux.Netlink;

namespace Penstock.Linux.Tests.Netlink;

public sealed class RouteNetlinkTests
{
    private const ushort NewLink = 16, NewAddress = 20, NewRoute = 24, NewNeighbour = 28;

    // ndmsg of eth with number 3 in state STALE, NDA_DST 10.0.0.11, NDA_LLADDR 02:00:00:00:00:11, NDA_PROBES 4.
    private static readonly byte[] s_neighbour =
    [
        2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 1,
        8, 0, 1, 0, 10, 0, 0, 11,
        10, 0, 2, 0, 2, 0, 0, 0, 0, 0x11, 0, 0,
        8, 0, 4, 0, 4, 0, 0, 0,
    ];

    // rtmsg of a unicast route, RTA_TABLE 254, RTA_DST 198.51.100.7, RTA_OIF 2, RTA_GATEWAY 10.0.0.1.
    private static readonly byte[] s_route =
    [
        2, 32, 0, 0, 254, 0, 0, 1, 0, 2, 0, 0,
        8, 0, 15, 0, 254, 0, 0, 0,
        8, 0, 1, 0, 198, 51, 100, 7,
        8, 0, 4, 0, 2, 0, 0, 0,
        8, 0, 5, 0, 10, 0, 0, 1,
    ];

    // ifinfomsg of number 7, IFLA_LINK 2, IFLA_LINKINFO with IFLA_INFO_KIND vlan and IFLA_INFO_DATA with IFLA_VLAN_PROTOCOL 802.1Q and IFLA_VLAN_ID 100.
    private static readonly byte[] s_vlan =
    [
        0, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        8, 0, 5, 0, 2, 0, 0, 0,
        36, 0, 18, 0,
        9, 0, 1, 0, (byte)'v', (byte)'l', (byte)'a', (byte)'n', 0, 0, 0, 0,
        20, 0, 2, 0,
        6, 0, 5, 0, 0x81, 0x00, 0, 0,
        6, 0, 1, 0, 100, 0, 0, 0,
    ];

    [Fact]
    public void ParseNeighbour_OfAnAddressThatAnswered_HasItsLinkAddress()
    {
        var neighbour = Neighbour(s_neighbour).ShouldNotBeNull();

        neighbour.ShouldBe(new Neighbour(IPAddress.Parse("10.0.0.11"), 3, NeighbourState.Stale, PhysicalAddress.Parse("02-00-00-00-00-11")));
        neighbour.IsUsable.ShouldBeTrue();
        (neighbour with { State = NeighbourState.Failed }).IsUsable.ShouldBeFalse();
        (neighbour with { State = NeighbourState.Incomplete, LinkAddress = null }).IsUsable.ShouldBeFalse();
    }

    [Fact]
    public void ParseRoute_ByARouter_NamesIt() => Route(s_route).ShouldBe(new RouteTo(2, IPAddress.Parse("10.0.0.1"), IsLocal: false));

    [Theory]
    [InlineData(2, true)]   // RTN_LOCAL
    [InlineData(6, null)]   // RTN_BLACKHOLE
    [InlineData(7, null)]   // RTN_UNREACHABLE
    public void ParseRoute_OfAnotherKind_IsLocalOrNone(byte kind, bool? isLocal)
    {
        var route = s_route.ToArray();
        route[7] = kind;

        (Route(route)?.IsLocal).ShouldBe(isLocal);
    }

    [Fact]
    public void ParseVlan_OfAnInterface_HasItsParentAndNumber() => Vlan(s_vlan).ShouldBe(new VlanInterface(7, 2, 100));

    [Theory]
    [InlineData(48, (byte)0x88)] // IFLA_VLAN_PROTOCOL of another kind of tag
    [InlineData(32, (byte)'x')]  // IFLA_INFO_KIND
    public void ParseVlan_OfAnotherKind_IsNone(int at, byte value)
    {
        var link = s_vlan.ToArray();
        link[at] = value;

        Vlan(link).ShouldBeNull();
    }

    [Fact]
    public void ParseVlan_WhoseParentIsInAnotherNamespace_IsNone() => Vlan([.. s_vlan, 8, 0, 37, 0, 0, 0, 0, 0]).ShouldBeNull();

    [Fact]
    public void Parse_CutAtEveryByte_IsRefusedOrWithoutWhatWasCut()
    {
        for (var length = 0; length < s_neighbour.Length; length++)
        {
            var cut = s_neighbour[..length];
            if (length is 12 or 20 or 32) // between attributes
                (Neighbour(cut)?.LinkAddress is null).ShouldBe(length < 32);
            else if (length < 30 || length > 32) // 30, 31: padding alone is cut
                Should.Throw<NetlinkException>(() => Neighbour(cut));
        }

        for (var length = 0; length < s_route.Length; length++)
        {
            var cut = s_route[..length];
            if (length is 12 or 20 or 28)
                Route(cut).ShouldBeNull();
            else if (length != 36)
                Should.Throw<NetlinkException>(() => Route(cut));
        }
    }

    [Fact]
    public void Parse_ChangedBytes_ThrowsNothingButItsOwn()
    {
        var random = new Random(20_261_121);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = ((i % 3) switch { 0 => s_neighbour, 1 => s_vlan, _ => s_route }).ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                _ = (i % 3) switch { 0 => Neighbour(bytes), 1 => Vlan(bytes), _ => (object?)Route(bytes) };
            }
            catch (NetlinkException)
            {
                // Said to be malformed.
            }
        }
    }

    [Fact]
    public void Route_OfThisHostsOwnAddress_IsLocal()
    {
        using var kernel = new RouteNetlink();

        kernel.Route(IPAddress.Loopback).ShouldNotBeNull().IsLocal.ShouldBeTrue();
    }

    [Fact]
    public void Vlans_OfThisHost_AreNumbered()
    {
        using var kernel = new RouteNetlink();

        kernel.Vlans().ShouldAllBe(vlan => vlan.Index > 0 && vlan.ParentIndex > 0 && vlan.VlanId < 4095);
    }

    [Fact]
    public void Carriers_OfThisHost_HaveEachInterface()
    {
        using var kernel = new RouteNetlink();

        kernel.Carriers().Keys.ShouldContain(NetworkDevice.Index("lo"));
    }

    [Fact]
    public void Addresses_OfThisHost_HaveThatOfTheLoopbackInterface()
    {
        using var kernel = new InterfaceNetlink();

        kernel.Addresses().Select(found => found.Address).ShouldContain(IPAddress.Loopback);
    }

    [Theory]
    [InlineData(2, "10.0.0.1")]
    [InlineData(7, null)] // another family
    public void ParseAddress_OfAPointToPointLink_IsTheNearOne(byte family, string? expected)
    {
        // ifaddrmsg of eth with number 3, IFA_ADDRESS 10.0.0.2, IFA_LOCAL 10.0.0.1.
        byte[] payload = [family, 32, 0, 0, 3, 0, 0, 0, 8, 0, 1, 0, 10, 0, 0, 2, 8, 0, 2, 0, 10, 0, 0, 1];
        var message = Message(NewAddress, payload);

        (InterfaceNetlink.ParseAddress(message)?.ToString()).ShouldBe(expected);
    }

    [Fact]
    public void Neighbours_OfThisHost_AreOfTheFamilyAskedFor()
    {
        using var kernel = new RouteNetlink();

        kernel.Neighbours(AddressFamily.InterNetwork).ShouldAllBe(neighbour => neighbour.Address.AddressFamily == AddressFamily.InterNetwork && neighbour.InterfaceIndex > 0);
        kernel.Neighbours(AddressFamily.InterNetworkV6).ShouldAllBe(neighbour => neighbour.Address.AddressFamily == AddressFamily.InterNetworkV6);
    }

    private static Neighbour? Neighbour(byte[] payload) => RouteNetlink.ParseNeighbour(Message(NewNeighbour, payload));

    private static VlanInterface? Vlan(byte[] payload) => RouteNetlink.ParseVlan(Message(NewLink, payload));

    private static RouteTo? Route(byte[] payload) => RouteNetlink.ParseRoute(Message(NewRoute, payload));

    private static NetlinkMessage Message(ushort type, byte[] payload)
    {
        var reader = new NetlinkReader(new KernelMessages().Add(type, NetlinkFlags.Multi, 1, payload).Datagram);
        reader.TryRead(out var message).ShouldBeTrue();
        return message;
    }
}
