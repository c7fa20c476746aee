// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Xdp;

/// <summary>Which service later parts of a datagram belong to where the first was not seen.</summary>
public sealed class VipPlanTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("203.0.113.10");

    [Theory]
    [InlineData(53, 53, 53)]
    [InlineData(8000, 8999, 8000)]
    [InlineData(0, 65535, 1)] // 0 is none
    public void FragmentPort_OfTheOnlyService_IsItsFirstPort(int first, int last, int port)
    {
        var vip = Of(Service(TransportProtocol.Udp, first, last), Service(TransportProtocol.Tcp, 80, 80));

        BinaryPrimitives.ReverseEndianness(vip.UdpFragmentPort).ShouldBe((ushort)port);
        BinaryPrimitives.ReverseEndianness(vip.TcpFragmentPort).ShouldBe((ushort)80);
        vip.Flags.HasFlag(Layout.VipFlags.Ranges).ShouldBe(first != last);
    }

    [Fact]
    public void FragmentPort_OfOneServiceAmongOthersOfItsProtocol_IsNone()
    {
        Of(Service(TransportProtocol.Udp, 53, 53), Service(TransportProtocol.Udp, 8000, 8999)).UdpFragmentPort.ShouldBe((ushort)0);
        Of(Service(TransportProtocol.Udp, 1000, 1999), Service(TransportProtocol.Udp, 8000, 8999)).UdpFragmentPort.ShouldBe((ushort)0);
        Of(Service(TransportProtocol.Udp, 53, 53), Service(TransportProtocol.Udp, 54, 54, Layout.ServiceFlags.Nat)).UdpFragmentPort.ShouldBe((ushort)0);
    }

    [Fact]
    public void FragmentPort_OfAServiceOfNat_IsNone() =>
        Of(Service(TransportProtocol.Udp, 53, 53, Layout.ServiceFlags.Nat)).UdpFragmentPort.ShouldBe((ushort)0);

    private static Layout.Vip Of(params PlannedService[] services) => VipPlan.Of(services, isClosed: false)[Layout.Address.Of(Vip)];

    private static PlannedService Service(TransportProtocol protocol, int first, int last, Layout.ServiceFlags flags = Layout.ServiceFlags.None) =>
        new("s", new ServiceAddress(protocol, Vip, first, last), new Layout.Service { Flags = flags }, 16, []);
}
