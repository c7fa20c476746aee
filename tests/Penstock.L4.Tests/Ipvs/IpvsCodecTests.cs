// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L4.Ipvs;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Ipvs;

/// <summary>Commands have the attributes that dumps have, so what is written reads back.</summary>
public sealed class IpvsCodecTests
{
    private static readonly GenericNetlinkFamily s_family = new("IPVS", 30, 1);

    [Theory]
    [InlineData("203.0.113.10", "10.0.0.1")]
    [InlineData("2001:db8::1", "2001:db8::2")]
    [InlineData("203.0.113.10", "2001:db8::2")]
    public void Command_AnyFamily_ReadsBack(string vip, string backend)
    {
        var service = new IpvsService(IpvsServiceKey.Of(TransportProtocol.Udp, IPAddress.Parse(vip), 53), "wlc", IpvsServiceFlags.Persistent | IpvsServiceFlags.OnePacket, 300, 24);
        var destination = new IpvsDestination(new IpvsDestinationKey(IPAddress.Parse(backend), 5353), IpvsMethod.Tunnel, 7, 100, 50, IpvsTunnel.Gue, 6080);

        ReadService(Write(new IpvsCommand(IpvsCommandKind.Add, service))).ShouldBe(service);
        ReadDestination(Write(new IpvsCommand(IpvsCommandKind.Change, service, destination)), service.Key.Family).ShouldBe(destination);
    }

    [Fact]
    public void Command_OfAMark_ReadsBack()
    {
        var service = new IpvsService(IpvsServiceKey.OfMark(AddressFamily.InterNetworkV6, 7), "mh", IpvsServiceFlags.Port, 0, 128);
        ReadService(Write(new IpvsCommand(IpvsCommandKind.Change, service))).ShouldBe(service);
    }

    [Fact]
    public void Service_FlagAndTimeoutOfTheKernelsOwn_DoNotCount()
    {
        var service = new IpvsService(IpvsServiceKey.OfMark(AddressFamily.InterNetwork, 7), "rr", IpvsServiceFlags.Hashed, 300, 0);
        ReadService(Write(new IpvsCommand(IpvsCommandKind.Add, service))).ShouldBe(service with { Flags = IpvsServiceFlags.None, Timeout = 0 });
    }

    [Fact]
    public void Sync_AndTimeouts_ReadBack()
    {
        var writer = new NetlinkWriter();
        IpvsCodec.WriteSync(writer, s_family, new IpvsSync(IsMaster: true, "eth1", 7), start: true);
        IpvsCodec.ReadSync(Only(writer.Bytes)).ShouldBe(new IpvsSync(IsMaster: true, "eth1", 7));

        writer.Clear();
        IpvsCodec.WriteTimeouts(writer, s_family, new IpvsTimeouts(900, 120, 300));
        IpvsCodec.ReadTimeouts(Only(writer.Bytes)).ShouldBe(new IpvsTimeouts(900, 120, 300));
    }

    [Fact]
    public void Message_AnyBytesChangedOrCut_IsReadOrRefused() =>
        Prop.ForAll(Damage.ToArbitrary(), damage =>
        {
            var service = new IpvsService(IpvsServiceKey.Of(TransportProtocol.Tcp, IPAddress.Parse("2001:db8::1"), 80), "mh", IpvsServiceFlags.Port, 0, 128);
            var destination = new IpvsDestination(new IpvsDestinationKey(IPAddress.Parse("10.0.0.1"), 80), IpvsMethod.Route, 1, 0, 0, IpvsTunnel.Ipip, 0);
            byte[] bytes = Write(new IpvsCommand(IpvsCommandKind.Add, service, damage.OfService ? null : destination));
            foreach (var (place, value) in damage.Changes)
                bytes[16 + (place % (bytes.Length - 16))] = value;
            try
            {
                if (damage.OfService)
                    ReadService(bytes);
                else
                    ReadDestination(bytes, AddressFamily.InterNetwork);
                return true;
            }
            catch (NetlinkException refused)
            {
                return refused.Error == Errno.EPROTO;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    private static Gen<(bool OfService, (int Place, byte Value)[] Changes)> Damage =>
        from ofService in Gen.Elements(true, false)
        from changes in (from place in Gen.Choose(0, 500) from value in Gen.Choose(0, 255) select (place, (byte)value)).ArrayOf(3)
        select (ofService, changes);

    private static byte[] Write(IpvsCommand command)
    {
        var writer = new NetlinkWriter();
        IpvsCodec.Write(writer, s_family, command);
        return writer.Bytes.ToArray();
    }

    private static IpvsService ReadService(ReadOnlySpan<byte> bytes) => IpvsCodec.ReadService(Only(bytes)).Service;

    private static IpvsDestination ReadDestination(ReadOnlySpan<byte> bytes, AddressFamily family) => IpvsCodec.ReadDestination(Only(bytes), family).Destination;

    private static NetlinkMessage Only(ReadOnlySpan<byte> bytes)
    {
        var reader = new NetlinkReader(bytes);
        reader.TryRead(out var message).ShouldBeTrue();
        return message;
    }
}
