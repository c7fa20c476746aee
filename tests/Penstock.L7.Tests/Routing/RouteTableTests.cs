// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Routing;
using static Penstock.L7.Tests.Routing.RouteTables;

namespace Penstock.L7.Tests.Routing;

public sealed class RouteTableTests
{
    [Theory]
    [InlineData("shop.example.com", "exact")]
    [InlineData("shop.example.com.", "exact")]
    [InlineData("a.shop.example.com", "below shop")]
    [InlineData("a.b.shop.example.com", "below shop")]
    [InlineData("other.example.com", "below example")]
    [InlineData("example.com", "any")]
    [InlineData(".example.com", "any")]
    [InlineData("xexample.com", "any")]
    [InlineData("[2001:db8::1]", "any")]
    [InlineData("", "any")]
    [InlineData(".", "any")]
    public void Match_Host_TakesExactThenLongestSuffixThenAny(string host, string expected) => Table(
        Rule("any"),
        Rule("below example", "*.example.com"),
        Rule("below shop", "*.shop.example.com"),
        Rule("exact", "shop.example.com")).NameOf(host, "/").ShouldBe(expected);

    [Theory]
    [InlineData("/", "root")]
    [InlineData("/api", "exact api")]
    [InlineData("/api/", "api")]
    [InlineData("/api/x", "api")]
    [InlineData("/apix", "root")]
    [InlineData("/ap", "root")]
    [InlineData("/API", "root")]
    [InlineData("/api/v1", "api v1")]
    [InlineData("/api/v1/users/7", "api v1")]
    [InlineData("/api/v11", "api")]
    [InlineData("/api/v1/items/17", "items")]
    [InlineData("/api/v1/items/17/x", "api v1")]
    [InlineData("*", "any")]
    public void Match_Path_TakesExactThenRegexThenLongestPrefixThenAny(string path, string expected) => Table(
        Rule("any"),
        Rule("root", prefix: "/"),
        Rule("api", prefix: "/api"),
        Rule("api v1", prefix: "/api/v1/"),
        Rule("items", regex: "/api/v1/items/[0-9]+"),
        Rule("exact api", path: "/api")).NameOf("h", path).ShouldBe(expected);

    [Theory]
    [InlineData("GET", "get")]
    [InlineData("POST", "post")]
    [InlineData("DELETE", "all")]
    [InlineData("get", "all")]
    public void Match_Method_TakesNamedBeforeAny(string method, string expected) => Table(
        Rule("all", prefix: "/a"),
        Rule("get", prefix: "/a", methods: ["GET", "HEAD"]),
        Rule("late get", prefix: "/a", methods: ["GET"]),
        Rule("late all", prefix: "/a"),
        Rule("post", prefix: "/a", methods: ["POST"])).NameOf("h", "/a", method).ShouldBe(expected);

    [Fact]
    public void Match_LongestPrefixLacksTheMethod_TakesAShorterPrefix()
    {
        RouteTable table = Table(Rule("short", prefix: "/a"), Rule("long", prefix: "/a/b", methods: ["POST"]));

        table.NameOf("h", "/a/b/c").ShouldBe("short");
        table.NameOf("h", "/a/b/c", "POST").ShouldBe("long");
    }

    [Fact]
    public void Match_HostHasNoRuleForThePath_TakesALessSpecificHost()
    {
        RouteTable table = Table(
            Rule("shop", "shop.example.com", prefix: "/shop"),
            Rule("below", "*.example.com", prefix: "/below"),
            Rule("any", prefix: "/"));

        table.NameOf("shop.example.com", "/shop").ShouldBe("shop");
        table.NameOf("shop.example.com", "/below").ShouldBe("below");
        table.NameOf("shop.example.com", "/x").ShouldBe("any");
    }

    [Fact]
    public void Match_MoreSpecificHost_WinsOverMoreSpecificPath() =>
        Table(Rule("path", path: "/a"), Rule("host", "h")).NameOf("h", "/a").ShouldBe("host");

    [Fact]
    public void Match_EqualRules_TakesTheFirst() =>
        Table(Rule("first", path: "/a"), Rule("second", path: "/a")).NameOf("h", "/a").ShouldBe("first");

    [Fact]
    public void Match_Regexes_AreTriedInFileOrderAndAnchored()
    {
        RouteTable table = Table(Rule("first", regex: "/a|/ab"), Rule("second", regex: "/.*"));

        table.NameOf("h", "/ab").ShouldBe("first");
        table.NameOf("h", "/abc").ShouldBe("second");
        table.NameOf("h", "/ab\n").ShouldBeNull();
    }

    [Fact]
    public void Match_RegexOverTextBeyondAscii_SeesCharacters()
    {
        RouteTable table = Table(Rule("one", regex: "/k.se"));

        table.NameOf("h", "/käse").ShouldBe("one");
        table.Match("h"u8, [(byte)'/', (byte)'k', 0xFF, (byte)'s', (byte)'e'], "GET"u8)?.Name.ShouldBe("one");
    }

    [Fact]
    public void Match_LongPathAgainstRegex_TakesLinearTime()
    {
        RouteTable table = Table(Rule("evil", regex: "(/a+)+b"));

        table.NameOf("h", "/" + new string('a', 30_000)).ShouldBeNull();
    }

    [Theory]
    [InlineData("/a b", "/a b")]
    [InlineData("/a%20b", "/a b")]
    [InlineData("/%6eame", "/name")]
    [InlineData("/käse", "/käse")]
    [InlineData("//a//b", "/a/b")]
    [InlineData("/100%", "/100%")]
    public void Match_RuleWrittenEncodedOrNot_ComparesDecoded(string rule, string path)
    {
        Table(Rule("exact", path: rule)).NameOf("h", path).ShouldBe("exact");
        Table(Rule("prefix", prefix: rule)).NameOf("h", path + "/x").ShouldBe("prefix");
    }

    [Fact]
    public void Match_NoRule_GivesNull()
    {
        RouteTable.Compile([]).NameOf("h", "/").ShouldBeNull();
        Table(Rule("one", "h")).NameOf("i", "/").ShouldBeNull();
        Table(Rule("one", path: "/a")).NameOf("h", "/a/").ShouldBeNull();
    }

    [Theory]
    [InlineData("/a", "DELETE, GET, POST")]
    [InlineData("/a/b", "GET")]
    [InlineData("/c", "")]
    public void WriteAllowed_Path_ListsTheMethodsThatWouldMatch(string path, string expected)
    {
        RouteTable table = Table(
            Rule("one", "h", path: "/a", methods: ["POST", "DELETE"]),
            Rule("two", prefix: "/a", methods: ["GET"]),
            Rule("three", "i", methods: ["PUT"]));
        Span<byte> allow = stackalloc byte[64];

        int length = table.WriteAllowed("h"u8, Encoding.ASCII.GetBytes(path), allow);

        Encoding.ASCII.GetString(allow[..length]).ShouldBe(expected);
    }

    [Fact]
    public void WriteAllowed_TooLittleRoom_LeavesMethodsOut()
    {
        Span<byte> allow = stackalloc byte[7];

        int length = Table(Rule("one", methods: ["GET", "POST", "PUT"])).WriteAllowed("h"u8, "/"u8, allow);

        Encoding.ASCII.GetString(allow[..length]).ShouldBe("GET");
    }

    [Theory]
    [InlineData("db.a.test", "*", "CONNECT", "tunnel")]
    [InlineData("a.test", "*", "CONNECT", null)]
    [InlineData("db.a.test", "/x", "GET", "page")]
    [InlineData("db.a.test", "*", "OPTIONS", "plain")]
    [InlineData("x.a.test", "/x", "GET", null)]
    public void Match_Connect_IsAMatterOfRoutesThatTakeItAlone(string host, string path, string method, string? expected) => Table(
        Rule("page", "db.a.test", prefix: "/"),
        Rule("plain", "db.a.test"),
        Rule("named", "db.a.test", methods: ["CONNECT"]),
        Rule("tunnel", "*.a.test") with { Connect = true }).NameOf(host, path, method).ShouldBe(expected);

    [Theory]
    [InlineData("(")]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)b")]
    public void Compile_RegexNotLinear_NamesTheRoute(string pattern) =>
        Should.Throw<L7ApplyException>(() => Table(Rule("the rule", regex: pattern))).Message.ShouldStartWith("route the rule: path_regex");

    [Fact]
    public void Compile_Routes_AreNumberedInFileOrder() =>
        Table(Rule("a"), Rule("b")).Routes.Select(route => (route.Name, route.Index)).ShouldBe([("a", 0), ("b", 1)]);
}
