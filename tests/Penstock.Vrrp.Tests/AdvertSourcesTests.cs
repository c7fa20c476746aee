// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

public sealed class AdvertSourcesTests
{
    private static readonly (string Interface, IPAddress Address)[] s_host =
    [
        .. new[]
        {
            ("lo", "127.0.0.1"), ("eth0", "169.254.0.50"), ("eth0", "10.8.0.100"), ("eth0", "10.8.0.11"), ("eth0", "10.8.0.12"), ("eth1", "10.9.0.11"),
            ("eth0", "fd08::100"), ("eth0", "fe80::200:5eff:fe00:233"), ("eth0", "fe80::11"), ("eth1", "fe80::200:5eff:fe00:201"),
        }.Select(one => (one.Item1, IPAddress.Parse(one.Item2))),
    ];

    /// <summary>Neither a virtual address nor what an instance's adverts name is one that adverts come from, be it that the kernel has it first.</summary>
    [Theory]
    [InlineData("eth0", "10.8.0.100/24", "10.8.0.11")]
    [InlineData("eth1", "10.8.0.100/24", "10.9.0.11")]
    [InlineData("eth0", "fd08::100/64", "fe80::11")]
    [InlineData("eth1", "fd08::100/64", null)]
    [InlineData("eth2", "10.8.0.100/24", null)]
    public void Complete_WithoutASource_TakesTheInterfacesFirstOwnAddress(string device, string address, string? source)
    {
        VrrpInstanceConfig[] instances = [Some.Instance("edge", 51, address) with { Interface = device }, Some.Instance("other", 52, "10.8.0.100/24", "fd08::100/64")];

        new AdvertSources(instances, s_host).Complete(instances[0]).Source.ShouldBe(source is null ? null : IPAddress.Parse(source));
    }

    [Fact]
    public void Complete_WithASource_LeavesIt()
    {
        var instance = Some.Instance() with { Source = IPAddress.Parse("10.8.0.12") };

        new AdvertSources([instance], s_host).Complete(instance).Source.ShouldBe(instance.Source);
    }
}
