// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Penstock.Model.Bgp;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Tests;

public sealed class BgpTests : IDisposable
{
    private const string Base = "asn: 65010, router_id: 192.0.2.11";
    private const string Tor = "{name: tor1, address: 192.0.2.1, asn: 65000}";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Bgp_WellWritten_IsRead()
    {
        var result = Some.Parse("""
            bgp:
              asn: 4200000000
              router_id: 192.0.2.11
              addresses: [203.0.113.10, {address: "2001:db8::10", med: 4294967295, communities: ["65010:200"], track: {services: [web]}}]
              communities: ["65010:100", "4200000000:1:2"]
              med: 100
              graceful_shutdown: 20s
              track: {services: [{name: web, min_ready: 50%}]}
              neighbors:
                - {name: tor1, address: 192.0.2.1, asn: 65000, source: 192.0.2.11, hold_time: 30s, multihop: 2, bfd: {interval: 50ms}}
                - {name: tor1-6, address: "2001:db8:1::1", asn: 65000}
            l4: {interface: eth0, services: [{name: web, listen: "tcp://203.0.113.10:80", forwarding: l7}]}
            """);

        result.Lines().ShouldBeEmpty();
        var bgp = result.Config.ShouldNotBeNull().Bgp.ShouldNotBeNull();
        bgp.Asn.ShouldBe(4_200_000_000u);
        bgp.Addresses.Select(one => one.Address).ShouldBe([IPAddress.Parse("203.0.113.10"), IPAddress.Parse("2001:db8::10")]);
        bgp.Addresses[1].Med.ShouldBe(uint.MaxValue);
        bgp.Track.Services.ShouldBe([new BgpTrackHealth { Name = "web", MinReady = 50 }]);
        bgp.GracefulShutdown.ShouldBe(TimeSpan.FromSeconds(20));
        bgp.Neighbors[0].Bfd.ShouldBe(new BgpBfdConfig { Interval = TimeSpan.FromMilliseconds(50) });
        bgp.Neighbors[1].HoldTime.ShouldBe(TimeSpan.FromSeconds(9));
    }

    [Theory]
    [InlineData("asn: 0, router_id: 192.0.2.11, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "bgp.asn")]
    [InlineData("asn: 4294967295, router_id: 192.0.2.11, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "bgp.asn")]
    [InlineData("asn: 23456, router_id: 192.0.2.11, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "asn 23456; expected another: it is reserved, as 0 and 4294967295 are")]
    [InlineData("asn: 65010, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "router_id")]
    [InlineData("asn: 65010, router_id: 0.0.0.0, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "bgp.router_id")]
    [InlineData("asn: 65010, router_id: 224.0.0.5, addresses: [203.0.113.10], neighbors: [" + Tor + "]", "bgp.router_id")]
    [InlineData("asn: 65010, router_id: \"2001:db8::1\", addresses: [203.0.113.10], neighbors: [" + Tor + "]", "router_id 2001:db8::1; expected an IPv4 address")]
    [InlineData(Base + ", addresses: [169.254.255.0], neighbors: [" + Tor + "]", "address 169.254.255.0; expected an address that routers can have a route to")]
    [InlineData(Base + ", addresses: [], neighbors: [" + Tor + "]", "no address; expected at least one virtual address")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: []", "no neighbor; expected at least one router")]
    [InlineData(Base + ", addresses: [203.0.113.10, 203.0.113.10], neighbors: [" + Tor + "]", "address 203.0.113.10 a second time; expected each address once; first at a.yaml:1:")]
    [InlineData(Base + ", addresses: [127.0.0.5], neighbors: [" + Tor + "]", "address 127.0.0.5; expected an address that routers can have a route to")]
    [InlineData(Base + ", addresses: [203.0.113.10, \"2001:db8::10\"], neighbors: [" + Tor + "]", "address 2001:db8::10, which no neighbor is told of")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + ", {name: tor2, address: \"2001:db8:1::1\", asn: 65000}]", "address 2001:db8:1::1, and no announced address is of its family")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + ", {name: tor1, address: 192.0.2.2, asn: 65000}]", "neighbor 'tor1' a second time")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + ", {name: tor2, address: 192.0.2.1, asn: 65000}]", "address 192.0.2.1 a second time")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.11, asn: 65000}]", "address 192.0.2.11, which is this host's own")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + ", {name: tor2, address: \"fe80::1\", asn: 65000}]", "bgp.neighbors[1].address: address fe80::1; expected a router's address that is not of its link alone")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65535}]", "asn 65535")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, hold_time: 2s}]", "bgp.neighbors[0].hold_time")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, hold_time: 3500ms}]", "3500 ms; expected whole seconds")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, bfd: {interval: 1ms}}]", "bgp.neighbors[0].bfd.interval")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, bfd: {multiplier: 1}}]", "bgp.neighbors[0].bfd.multiplier")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, multihop: 256, source: 192.0.2.11}]", "bgp.neighbors[0].multihop")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, multihop: 2}]", "multihop without source")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, source: \"2001:db8:1::1\"}]", "source 2001:db8:1::1 for a router of the other family")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, source: 203.0.113.10}]", "address 203.0.113.10, which is this host's own: a session is from it")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: \"tor1'; include\", address: 192.0.2.1, asn: 65000}]", "bgp.neighbors[0].name")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [{name: a123456789b123456789c123456789d123456789e123456789f1234567890, address: 192.0.2.1, asn: 65000}]", "a name of 61 characters; expected 60 at most")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], communities: [\"65536:1\"]", "community '65536:1'; expected two numbers up to 65535")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], communities: [\"1:2:3:4\"]", "community '1:2:3:4'")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], communities: [\"1:2)); reject\"]", "community '1:2)); reject'")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], communities: [\"1:2\", \"1:2\"]", "community 1:2 a second time")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], communities: [\"65535:65282\"]", "warning: bgp.communities[0]: community 65535:65282, NO_ADVERTISE")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], track: {services: [web]}", "unknown service 'web'")]
    [InlineData(Base + ", addresses: [{address: 203.0.113.10, track: {clusters: [app]}}], neighbors: [" + Tor + "]", "unknown cluster 'app'")]
    [InlineData(Base + ", addresses: [203.0.113.10], neighbors: [" + Tor + "], vrf: x", "unknown key 'vrf'")]
    public void Bgp_ThatCannotWork_IsSaid(string bgp, string line) =>
        Some.Parse($"bgp: {{{bgp}}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("vrrp: [{name: edge, interface: eth0, router_id: 51, addresses: [203.0.113.10/24]}]", "address 203.0.113.10, which is a VRRP instance's too")]
    [InlineData("bird: {dead_after: 2500ms}", "2500 ms; expected whole seconds")]
    [InlineData("bird: {run: /run/a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789i123456789j123456789}", "at most 98: a socket is in it")]
    public void Rest_ThatDoesNotGoWithIt_IsRefused(string rest, string line) =>
        Some.Parse($"bgp: {{{Base}, addresses: [203.0.113.10], neighbors: [{Tor}]}}\n{rest}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Source_OfAnotherHost_IsRefusedWhereTheHostIsKnown()
    {
        var text = $"bgp: {{{Base}, addresses: [203.0.113.10], neighbors: [{{name: tor1, address: 192.0.2.1, asn: 65000, source: 192.0.2.12}}]}}\n";

        Parse(text).ShouldHaveSingleItem().ShouldContain("source 192.0.2.12, which this host has not");
        Some.Parse(text).Lines().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("address: 198.51.100.1", "address 198.51.100.1 outside the networks of this host; expected a router on one of its links, or multihop: the routers on the way")]
    [InlineData("address: 198.51.100.1, multihop: 2, source: 192.0.2.11", null)]
    [InlineData("address: 192.0.2.1", null)]
    public void Neighbor_OffEverySubnet_IsRefusedWhereTheHostIsKnown(string neighbor, string? line)
    {
        var text = $"bgp: {{{Base}, addresses: [203.0.113.10], neighbors: [{{name: tor1, {neighbor}, asn: 65000}}]}}\n";

        if (line is null)
            Parse(text).ShouldBeEmpty();
        else
            Parse(text).ShouldHaveSingleItem().ShouldContain(line);
        Some.Parse(text).Lines().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("secret\nrest", UnixFileMode.UserRead, "")]
    [InlineData("sec;ret #{ \\", UnixFileMode.UserRead | UnixFileMode.GroupRead, "")]
    [InlineData("secret", UnixFileMode.UserRead | UnixFileMode.OtherRead, "a password that everybody may read or change")]
    [InlineData("sec\"ret", UnixFileMode.UserRead, "no password; expected a first line of 1 to 80 printable ASCII characters without \"")]
    [InlineData("\nsecret", UnixFileMode.UserRead, "no password")]
    [InlineData("schlüssel", UnixFileMode.UserRead, "no password")]
    public void Password_ThatIsNone_OrEverybodys_IsRefused(string content, UnixFileMode mode, string line)
    {
        File.WriteAllText(_file, content);
        File.SetUnixFileMode(_file, mode);

        var lines = Parse($"bgp: {{{Base}, addresses: [203.0.113.10], neighbors: [{{name: tor1, address: 192.0.2.1, asn: 65000, password_file: {_file}}}]}}\n");

        if (line.Length == 0)
            lines.ShouldBeEmpty();
        else
            lines.ShouldHaveSingleItem().ShouldContain(line);
        string.Concat(lines).ShouldNotContain("secret");
    }

    [Fact]
    public void Password_ThatIsNotThere_IsRefused() =>
        Parse($"bgp: {{{Base}, addresses: [203.0.113.10], neighbors: [{{name: tor1, address: 192.0.2.1, asn: 65000, password_file: /no/such}}]}}\n").ShouldHaveSingleItem().ShouldContain("/no/such: cannot open the file");

    [Fact]
    public void Address_ThatIsTheHostsOwn_IsRefused() =>
        Parse($"bgp: {{{Base}, addresses: [192.0.2.11], neighbors: [{Tor}]}}\n").ShouldHaveSingleItem().ShouldContain("address 192.0.2.11, which eth0 has in a network of its own; expected an address that no host has by itself");

    [Theory]
    [InlineData("\"203.0.113.10:80\"", "[]", true)]
    [InlineData("\":80\"", "[]", true)]
    [InlineData("\":80\"", "[{name: web, listen: \"tcp://203.0.113.10:443\", forwarding: l7}]", true)]
    [InlineData("\":80\"", "[{name: web, listen: \"tcp://203.0.113.10:80\", forwarding: l7}]", false)]
    [InlineData("\"192.0.2.11:80\"", "[]", false)]
    public void Listener_OfAnAnnouncedAddress_ThatNothingSpreads_IsWarnedOf(string bind, string services, bool warned)
    {
        var lines = Some.Parse($$$"""
            bgp: { {{{Base}}}, addresses: [203.0.113.10], neighbors: [{{{Tor}}}]}
            l4: {interface: eth0, services: {{{services}}}}
            l7: {listeners: [{name: web, bind: {{{bind}}}, routes: main}], routes: {main: [{respond: {status: 200}}]}}
            """).Lines();

        if (warned)
            lines.ShouldHaveSingleItem().ShouldContain("warning: l7.listeners[0].bind: address 203.0.113.10, which all hosts announce, without a service that spreads its connections; expected l4.services with listen: \"tcp://203.0.113.10:80\"");
        else
            lines.ShouldBeEmpty();
    }

    private static string[] Parse(string text) => ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(text))], new FakeHost()).Lines();

    private sealed class FakeHost : IHostInterfaces
    {
        public IReadOnlyCollection<string> Names() => ["eth0"];

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => [new InterfaceAddress(IPAddress.Parse("192.0.2.11"), 24)];
    }
}
