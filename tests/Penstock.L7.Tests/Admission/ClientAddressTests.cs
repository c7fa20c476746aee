// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L7.Admission;

namespace Penstock.L7.Tests.Admission;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.0.2.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:DB8::a")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7::")]
    [InlineData("::2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:192.0.2.1")]
    [InlineData("64:ff9b::192.0.2.1")]
    public void TryParse_Address_ReadsItAsTheRuntimeDoes(string text)
    {
        ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out ClientAddress address).ShouldBeTrue();

        Bytes(address).ShouldBe(IPAddress.Parse(text).GetAddressBytes());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.3.0x4")]
    [InlineData("1.2.3.4 ")]
    [InlineData("+1.2.3.4")]
    [InlineData("a.b.c.d")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4::5:6:7:8")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("1.2.3.4::")]
    [InlineData("::1.2.3.4:5")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    public void TryParse_AnythingElse_IsRefused(string text) =>
        ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out _).ShouldBeFalse();

    [Fact]
    public void TryParse_AnyAddressAsText_GivesItBack() =>
        Prop.ForAll(Gen.Choose(0, 3).SelectMany(zeros => Gen.Choose(0, zeros == 0 ? 255 : zeros * 3)).ArrayOf(16).ToArbitrary(), numbers =>
        {
            byte[] wide = [.. numbers.Select(number => (byte)Math.Max(0, number - 4))];
            foreach (byte[] bytes in new[] { wide, wide[..4] })
            {
                string text = new IPAddress(bytes).ToString();
                ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out ClientAddress address).ShouldBeTrue(text);
                address.ShouldBe(ClientAddress.FromBytes(bytes), text);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void FromBytes_MappedAddress_IsTheIPv4Address()
    {
        ClientAddress mapped = ClientAddress.FromBytes(IPAddress.Parse("::ffff:192.0.2.1").GetAddressBytes());

        mapped.ShouldBe(ClientAddress.FromBytes([192, 0, 2, 1]));
        mapped.IsIPv4.ShouldBeTrue();
        ClientAddress.TryParse("::ffff:c000:201"u8, out ClientAddress parsed).ShouldBeTrue();
        parsed.ShouldBe(mapped);
    }

    [Fact]
    public void FromBytes_NoAddress_IsNone()
    {
        ClientAddress none = ClientAddress.FromBytes([]);

        none.IsNone.ShouldBeTrue();
        none.ShouldNotBe(ClientAddress.FromBytes(new byte[4]));
        none.WriteBytes(new byte[16]).ShouldBe(0);
    }

    [Fact]
    public void Site_Address_IsTheWholeOfIPv4AndTheSixtyFourOfIPv6()
    {
        ClientAddress.FromBytes([192, 0, 2, 1]).Site.ShouldBe(ClientAddress.FromBytes([192, 0, 2, 1]));
        Parse("2001:db8:0:1:a:b:c:d").Site.ShouldBe(Parse("2001:db8:0:1::"));
    }

    private static ClientAddress Parse(string text)
    {
        ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out ClientAddress address).ShouldBeTrue(text);
        return address;
    }

    private static byte[] Bytes(ClientAddress address)
    {
        var bytes = new byte[16];
        return bytes[..address.WriteBytes(bytes)];
    }
}
