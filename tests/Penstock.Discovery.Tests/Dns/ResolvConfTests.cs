// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Discovery.Dns;

namespace Penstock.Discovery.Tests.Dns;

public sealed class ResolvConfTests
{
    [Fact]
    public void Parse_EveryOption_IsTaken()
    {
        var conf = ResolvConf.Parse("# comment\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver nonsense\nsearch a.example b.example.\noptions ndots:2 timeout:3 attempts:4 rotate bogus:x\n");

        conf.Servers.Select(s => s.ToString()).ShouldBe(["192.0.2.53:53", "[2001:db8::53]:53"]);
        conf.Search.ShouldBe(["a.example", "b.example"]);
        conf.Ndots.ShouldBe(2);
        conf.Timeout.ShouldBe(TimeSpan.FromSeconds(3));
        conf.Attempts.ShouldBe(4);
    }

    [Fact]
    public void Parse_Nothing_AsksTheLocalHost()
    {
        var conf = ResolvConf.Parse("");

        conf.Servers.ShouldHaveSingleItem().Address.ShouldBe(IPAddress.Loopback);
        conf.Timeout.ShouldBe(TimeSpan.FromSeconds(5));
        conf.Attempts.ShouldBe(2);
    }

    [Fact]
    public void Parse_ValuesOutOfRange_AreBounded()
    {
        var conf = ResolvConf.Parse("options timeout:0 attempts:99 ndots:99\n" + string.Concat(Enumerable.Repeat("nameserver 192.0.2.1\n", 9)));

        conf.Timeout.ShouldBe(TimeSpan.FromSeconds(1));
        conf.Attempts.ShouldBe(5);
        conf.Ndots.ShouldBe(15);
        conf.Servers.Length.ShouldBe(3);
    }

    [Theory]
    [InlineData("api", "api.a,api.b,api")]
    [InlineData("api.x", "api.x.a,api.x.b,api.x")]
    [InlineData("api.x.y", "api.x.y,api.x.y.a,api.x.y.b")]
    [InlineData("api.", "api")]
    public void Candidates_ByDots_AreInOrder(string name, string expected) =>
        string.Join(',', ResolvConf.Parse("search a b\noptions ndots:2").Candidates(name)).ShouldBe(expected);

    [Fact]
    public void Find_NameInHosts_GivesItsAddresses()
    {
        const string Hosts = "127.0.0.1 localhost\n192.0.2.1 api.example.com API # a comment with other\n2001:db8::1\tapi\nnonsense api\n192.0.2.1 api\n";

        HostsFile.Find(Hosts, "Api").ShouldBe([IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")]);
        HostsFile.Find(Hosts, "other").ShouldBeEmpty();
        HostsFile.Find(Hosts, "api.example.com.").Length.ShouldBe(1);
        HostsFile.Find("", "localhost").ShouldBe([IPAddress.Loopback, IPAddress.IPv6Loopback]);
    }
}
