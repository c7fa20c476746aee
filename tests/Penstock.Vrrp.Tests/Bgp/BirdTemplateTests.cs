// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Bgp;
using Penstock.Vrrp.Bgp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Bgp;

public sealed class BirdTemplateTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void BuiltIn_OfAPlainConfiguration_IsWhole()
    {
        var text = Render(SomeBgp.Config());

        text.ShouldContain("""
            ipv4 table lease_ipv4;
            protocol direct lease_ipv4_of_daemon {
              interface "lo";
              ipv4 {
                table lease_ipv4;
                import where net = 169.254.255.0/31;
              };
            }
            protocol static announced_ipv4 {
              ipv4;
              igp table lease_ipv4;
              route 203.0.113.10/32 recursive 169.254.255.1;
            }
            """);
        text.ShouldContain("""
            protocol bgp 'to_tor1' {
              local as 65010;
              neighbor 192.0.2.1 as 65000;
              direct;
              hold time 9;
            """);
        text.ShouldNotContain("ipv6");
        text.ShouldNotContain("bfd");
        text.ShouldNotContain("password");
        text.ShouldNotContain("(65535, 0)");
        text.ShouldNotContain("{{");
        Accepted(text);
    }

    [Fact]
    public void BuiltIn_OfEverything_HasItsLines()
    {
        var config = SomeBgp.Config("203.0.113.10", "2001:db8::10") with
        {
            Communities = ["65010:100", "65010:1:2"],
            Med = 30,
            Neighbors =
            [
                SomeBgp.Neighbor("reject", "192.0.2.1") with { Source = IPAddress.Parse("192.0.2.11"), Multihop = 2, Bfd = new BgpBfdConfig { Interval = TimeSpan.FromMilliseconds(50), Multiplier = 5 }, HoldTime = TimeSpan.FromSeconds(30) },
                SomeBgp.Neighbor("1.a-B_c", "2001:db8:1::1"),
            ],
        };
        config = config with { Addresses = config.Addresses.SetItem(1, config.Addresses[1] with { Med = 0, Communities = ["65010:200", "65010:100"] }) };

        var text = Render(config, password: "se;cret }# \\");

        text.ShouldContain("""
              if net = 203.0.113.10/32 then {
                bgp_med = 30;
                bgp_community.add((65010, 100));
                bgp_large_community.add((65010, 1, 2));
              }
            """);
        text.ShouldContain("""
              if net = 2001:db8::10/128 then {
                bgp_med = 0;
                bgp_community.add((65010, 100));
                bgp_community.add((65010, 200));
                bgp_large_community.add((65010, 1, 2));
              }
            """);
        text.ShouldContain("route 2001:db8::10/128 recursive 100:0:0:1::1;");
        text.ShouldContain("""
            protocol bgp 'to_reject' {
              local 192.0.2.11 as 65010;
              neighbor 192.0.2.1 as 65000;
              multihop 2;
              password "se;cret }# \";
              hold time 30;
            """);
        text.ShouldContain("interval 50 ms;\n    multiplier 5;");
        text.ShouldContain("protocol bgp 'to_1.a-B_c' {");
        Accepted(text);
    }

    [Fact]
    public void Host_ThatLeaves_SaysSo_AndIsTheLastChoiceOfItsOwnSystem()
    {
        var config = SomeBgp.Config() with { Neighbors = [SomeBgp.Neighbor("tor1", "192.0.2.1"), SomeBgp.Neighbor("rr", "192.0.2.2") with { Asn = 65010 }] };

        var text = Render(config, isLeaving: true);

        text.ShouldContain("bgp_community.add((65535, 0));");
        text.Split("protocol bgp")[1].ShouldNotContain("bgp_local_pref");
        text.Split("protocol bgp")[2].ShouldContain("bgp_local_pref = 0;");
        Accepted(text);
    }

    [Fact]
    public void Address_ThatIsNotWell_IsNotInIt()
    {
        var config = SomeBgp.Config("203.0.113.10", "203.0.113.11");

        var text = BirdTemplate.Load("/no/such").Render("lb1", config, new Dictionary<string, string>(StringComparer.Ordinal), new HashSet<IPAddress> { config.Addresses[1].Address }, isLeaving: false);

        text.ShouldNotContain("203.0.113.10/32");
        text.ShouldContain("203.0.113.11/32");
        Accepted(text);
        Accepted(BirdTemplate.Load("/no/such").Render("lb1", config, new Dictionary<string, string>(StringComparer.Ordinal), new HashSet<IPAddress>(), isLeaving: true));
    }

    [Fact]
    public void Operators_IsUsedInItsPlace_AndMayNotAskForWhatThereIsNot()
    {
        File.WriteAllText(_file, "router id {{router_id}}; # {{asn}}{{#each neighbors}} to_{{name}}{{/each}}");
        BirdTemplate.Load(_file).Render("lb1", SomeBgp.Config(), new Dictionary<string, string>(StringComparer.Ordinal), new HashSet<IPAddress>(), isLeaving: false).ShouldBe("router id 192.0.2.11; # 65010 to_tor1");

        File.WriteAllText(_file, "{{no_such}}");
        Should.Throw<AddressApplyException>(() => BirdTemplate.Load(_file).Render("lb1", SomeBgp.Config(), new Dictionary<string, string>(StringComparer.Ordinal), new HashSet<IPAddress>(), isLeaving: false)).Message.ShouldStartWith(_file);
    }

    [Theory]
    [InlineData("to_tor1", "it leaves out the lease,")]
    [InlineData("to_tor1 {{#each families}}{{lease}}{{/each}}", "it leaves out the lease_hop,")]
    [InlineData("{{#each families}}{{lease}}{{#each addresses}}{{lease_hop}}{{/each}}{{/each}}", "it leaves out the session to_tor1")]
    public void Operators_ThatLeavesOutWhatADeadDaemonIsKnownBy_IsRefused(string template, string message)
    {
        File.WriteAllText(_file, template);
        var config = SomeBgp.Config();

        Should.Throw<AddressApplyException>(() => BirdTemplate.Load(_file).Render("lb1", config, new Dictionary<string, string>(StringComparer.Ordinal), config.Addresses.Select(one => one.Address).ToHashSet(), isLeaving: false))
            .Message.ShouldContain(message);
    }

    private static string Render(BgpConfig config, string? password = null, bool isLeaving = false) => BirdTemplate.Load("/no/such").Render(
        "lb1", config, config.Neighbors.Where(_ => password is not null).ToDictionary(neighbor => neighbor.Name, _ => password!, StringComparer.Ordinal), config.Addresses.Select(one => one.Address).ToHashSet(), isLeaving);

    // BIRD itself judges it, where it is installed.
    private void Accepted(string text)
    {
        if (!File.Exists("/usr/sbin/bird"))
            return;
        File.WriteAllText(_file, text);
        ConfigTest.Bird("/usr/sbin/bird", _file);
    }
}
