// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L7.Admission;

namespace Penstock.L7.Tests.Admission;

public sealed class TrustedProxiesTests
{
    private static readonly TrustedProxies Internal = Trusting("10.0.0.0/8", "192.168.1.1/32", "fd00::/8");

    [Theory]
    [InlineData("10.0.0.0", true)]
    [InlineData("10.255.255.255", true)]
    [InlineData("9.255.255.255", false)]
    [InlineData("11.0.0.0", false)]
    [InlineData("192.168.1.1", true)]
    [InlineData("192.168.1.2", false)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("fd00::1", true)]
    [InlineData("fe00::1", false)]
    [InlineData("::a00:1", false)]
    public void Contains_Address_FollowsTheNetworks(string address, bool expected) => Internal.Contains(Address(address)).ShouldBe(expected);

    [Fact]
    public void Contains_AllOfOneFamily_SaysNothingOfTheOther()
    {
        Trusting("::/0").Contains(Address("192.0.2.1")).ShouldBeFalse();
        Trusting("::/0").Contains(Address("2001:db8::1")).ShouldBeTrue();
        Trusting("0.0.0.0/0").Contains(Address("::1")).ShouldBeFalse();
        Trusting("::ffff:10.0.0.0/104").Contains(Address("10.1.2.3")).ShouldBeTrue();
        Trusting("0.0.0.0/0").Contains(default).ShouldBeFalse();
    }

    [Fact]
    public void Contains_AnyNetworks_AgreesWithEachNetworkAsked()
    {
        Gen<IPNetwork> network =
            from bytes in Gen.Choose(0, 3).ArrayOf(4)
            from length in Gen.Choose(0, 32)
            select Network(bytes, length);
        Prop.ForAll(network.ArrayOf().ToArbitrary(), Gen.Choose(0, 3).ArrayOf(4).ToArbitrary(), (networks, numbers) =>
        {
            byte[] bytes = [.. numbers.Select(number => (byte)number)];

            new TrustedProxies([.. networks]).Contains(ClientAddress.FromBytes(bytes))
                .ShouldBe(networks.Any(candidate => candidate.Contains(new IPAddress(bytes))));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Theory]
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 198.51.100.1,10.0.0.2 ,\t10.0.0.3", "198.51.100.1")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("10.0.0.1", "198.51.100.1:4711", "198.51.100.1")]
    [InlineData("10.0.0.1", "2001:db8::7", "2001:db8::7")]
    [InlineData("10.0.0.1", "[2001:db8::7]", "2001:db8::7")]
    [InlineData("10.0.0.1", "[2001:db8::7]:443, fd00::1", "2001:db8::7")]
    [InlineData("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", ", 198.51.100.1, ,", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.1", "198.51.100.1:", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1:x", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1:123456", "10.0.0.1")]
    [InlineData("10.0.0.1", "[198.51.100.1]", "10.0.0.1")]
    [InlineData("10.0.0.1", "[2001:db8::7", "10.0.0.1")]
    [InlineData("10.0.0.1", "[]", "10.0.0.1")]
    [InlineData("10.0.0.1", "[", "10.0.0.1")]
    [InlineData("10.0.0.1", "[2001:db8::7]x", "10.0.0.1")]
    [InlineData("10.0.0.1", "\"198.51.100.1\"", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1 10.0.0.2", "10.0.0.1")]
    public void Walk_Field_FindsTheLastAddressThatIsNoProxy(string peer, string field, string expected)
    {
        ClientAddress client = Address(peer);

        Internal.Walk(Encoding.ASCII.GetBytes(field), ref client);

        client.ShouldBe(Address(expected));
    }

    [Theory]
    [InlineData("10.0.0.2", true)]
    [InlineData("", true)]
    [InlineData("198.51.100.1", false)]
    [InlineData("unknown", false)]
    public void Walk_Field_TellsWhetherToGoOnInTheFieldBefore(string field, bool expected)
    {
        ClientAddress client = Address("10.0.0.1");

        Internal.Walk(Encoding.ASCII.GetBytes(field), ref client).ShouldBe(expected);
    }

    [Fact]
    public void Walk_PeerIsNotTrusted_ReadsNothing()
    {
        ClientAddress client = default;

        Internal.Walk("198.51.100.1"u8, ref client).ShouldBeFalse();

        client.IsNone.ShouldBeTrue();
    }

    [Fact]
    public void Walk_ManyProxies_AllocatesNothing()
    {
        ClientAddress peer = Address("10.0.0.1");

        ClientAddress found = Allocations.ShouldBeNone(() =>
        {
            ClientAddress client = peer;
            Internal.Walk("6.6.6.6, [2001:db8::7]:443, fd00::1:2, 10.0.0.2:80"u8, ref client);
            return client;
        });

        found.ShouldBe(Address("2001:db8::7"));
    }

    private static TrustedProxies Trusting(params string[] networks) => new([.. networks.Select(text => IPNetwork.Parse(text))]);

    private static ClientAddress Address(string text) => ClientAddress.FromBytes(IPAddress.Parse(text).GetAddressBytes());

    private static IPNetwork Network(int[] bytes, int length)
    {
        uint address = bytes.Aggregate(0u, (sum, b) => (sum << 8) | (uint)b);
        uint masked = length == 0 ? 0 : address & (uint.MaxValue << (32 - length));
        return new IPNetwork(new IPAddress([(byte)(masked >> 24), (byte)(masked >> 16), (byte)(masked >> 8), (byte)masked]), length);
    }
}
