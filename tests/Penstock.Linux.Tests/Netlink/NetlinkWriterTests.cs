// SPDX-License-Identifier: Apache-2.0
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Penstock.Linux.Netlink;

namespace Penstock.Linux.Tests.Netlink;

public sealed class NetlinkWriterTests
{
    [Fact]
    public void Message_WithAttributes_IsAsTheKernelWantsIt()
    {
        var writer = new NetlinkWriter();
        writer.Begin(0x1122, NetlinkFlags.Create);
        writer.Raw([7, 1, 0, 0]);
        var nested = writer.BeginNested(3);
        writer.AddNetwork(1, 443);
        writer.Add(2, "wlc");
        writer.EndNested(nested);
        writer.Add(4, IPAddress.Parse("192.0.2.1"));
        writer.Number(0x01020304);

        Convert.ToHexString(writer.Bytes).ShouldBe(
            "30000000" + "2211" + "0504" + "04030201" + "00000000" // header: length, type, request | ack | create, number, port
            + "07010000"
            + "1400" + "0380" + "0600" + "0100" + "01BB0000" + "0800" + "0200" + "776C6300"
            + "0800" + "0400" + "C0000201");
    }

    [Fact]
    public void Dump_AsksForNoAcknowledgement()
    {
        var writer = new NetlinkWriter();
        writer.Begin(20, NetlinkFlags.Dump);
        var reader = new NetlinkReader(writer.Bytes);
        reader.TryRead(out var message).ShouldBeTrue();
        message.Flags.ShouldBe(NetlinkFlags.Request | NetlinkFlags.Dump);
    }

    [Fact]
    public void Attribute_LongerThanItsLengthCanSay_IsRefused()
    {
        var writer = new NetlinkWriter();
        writer.Begin(20);
        Should.Throw<ArgumentException>(() => writer.Add(1, new byte[65532].AsSpan()));
        var nested = writer.BeginNested(1);
        writer.Add(2, new byte[65000].AsSpan());
        writer.Add(2, new byte[1000].AsSpan());
        Should.Throw<ArgumentException>(() => writer.EndNested(nested));
    }

    [Fact]
    public void Attribute_OfAnotherLengthThanItsType_IsRefused()
    {
        var writer = new NetlinkWriter();
        writer.Begin(20);
        writer.Add<byte>(1, 5);
        var reader = new NetlinkReader(writer.Bytes);
        reader.TryRead(out var message).ShouldBeTrue();
        var attributes = message.Attributes(0);
        attributes.TryRead(out var attribute).ShouldBeTrue();
        attribute.Byte().ShouldBe((byte)5);
        try
        {
            _ = attribute.UInt32();
            Assert.Fail("four bytes were read of one");
        }
        catch (NetlinkException refused)
        {
            refused.Message.ShouldBe("netlink: attribute 1 of 1 bytes in place of 4");
        }
    }

    [Fact]
    public void Messages_AnyWhatever_ReadBackAsWritten() =>
        Prop.ForAll(Messages.ToArbitrary(), messages =>
        {
            var writer = new NetlinkWriter();
            foreach (var attributes in messages)
            {
                writer.Begin(99);
                foreach (var (type, value) in attributes)
                    writer.Add((ushort)type, value.AsSpan());
            }

            writer.Number(1000);
            var reader = new NetlinkReader(writer.Bytes);
            for (var i = 0; i < messages.Length; i++)
            {
                if (!reader.TryRead(out var message) || message.Sequence != 1000 + i)
                    return false;
                var walk = message.Attributes(0);
                foreach (var (type, value) in messages[i])
                {
                    if (!walk.TryRead(out var attribute) || attribute.Type != type || !attribute.Value.SequenceEqual(value))
                        return false;
                }

                if (walk.TryRead(out _) || walk.IsMalformed)
                    return false;
            }

            return !reader.TryRead(out _) && !reader.IsMalformed;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static Gen<(int Type, byte[] Value)[][]> Messages =>
        (from type in Gen.Choose(1, 0x3FFF)
         from length in Gen.Choose(0, 40)
         from value in Gen.Choose(0, 255).Select(number => (byte)number).ArrayOf(length)
         select (type, value)).ArrayOf().ArrayOf();
}
