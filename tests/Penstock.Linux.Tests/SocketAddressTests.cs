// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Linux.Tests;

public sealed class SocketAddressTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", false)]
    [InlineData("2001:db8::7", "2001:db8::7", true)]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7", true)]
    public void Ip_Address_ComesBackWithItsPort(string given, string expected, bool isIpv6)
    {
        var address = SocketAddress.Ip(IPAddress.Parse(given), 65432);

        new IPAddress(address.Address).ToString().ShouldBe(expected);
        address.Port.ShouldBe(65432);
        address.IsIpv6.ShouldBe(isIpv6);
        address.IsUnix.ShouldBeFalse();
        address.Length.ShouldBe(isIpv6 ? 28 : 16);
    }

    [Fact]
    public void Unix_LongestPath_Fits()
    {
        var address = SocketAddress.Unix("/" + new string('a', SocketAddress.MaxUnixPath - 1));

        address.IsUnix.ShouldBeTrue();
        address.Port.ShouldBe(0);
        address.Address.IsEmpty.ShouldBeTrue();
        address.Length.ShouldBe(2 + SocketAddress.MaxUnixPath + 1);
    }

    [Fact]
    public void Unix_PathTooLongInBytes_IsRefused() =>
        Should.Throw<ArgumentException>(() => SocketAddress.Unix("/" + new string('ä', SocketAddress.MaxUnixPath / 2) + "a"));
}
