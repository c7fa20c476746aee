// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Balancing;
using Penstock.L7.Routing;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Routing;

public sealed class RouteTests
{
    [Theory]
    [InlineData("/api", "/v2", "/api", "/v2")]
    [InlineData("/api", "/v2", "/api/", "/v2/")]
    [InlineData("/api", "/v2", "/api/x", "/v2/x")]
    [InlineData("/api", "/v2/", "/api/x", "/v2/x")]
    [InlineData("/api", "/v2/", "/api", "/v2/")]
    [InlineData("/api/", "/v2", "/api/x", "/v2/x")]
    [InlineData("/api", "/", "/api", "/")]
    [InlineData("/api", "/", "/api/", "/")]
    [InlineData("/api", "/", "/api/x", "/x")]
    [InlineData("/api", "/", "/api//x", "/x")]
    [InlineData("/api", "", "/api", "/")]
    [InlineData("/api", "", "/api/x", "/x")]
    [InlineData("/", "/v2", "/", "/v2/")]
    [InlineData("/", "/v2", "/x", "/v2/x")]
    [InlineData("/", "/", "/x/y", "/x/y")]
    [InlineData("/a/b", "/c", "//a//b//x", "/c/x")]
    [InlineData("/a b", "/c", "/a%20b/x%20y", "/c/x%20y")]
    [InlineData("/api", "/v2", "/%61pi/x", "/v2/x")]
    [InlineData("/api", "/v2", "/api%2Fx", "/v2%2Fx")]
    [InlineData("/api", "/", "/api%2Fx", "/%2Fx")]
    [InlineData("/a", "/b", "/a/https://x", "/b/https://x")]
    public void RewriteWrite_MatchedPath_ReplacesThePrefix(string prefix, string replacement, string path, string expected)
    {
        var rewrite = new PrefixRewrite(prefix, replacement);
        var destination = new byte[rewrite.MaxLength(path.Length)];

        int length = rewrite.Write(Encoding.UTF8.GetBytes(path), destination);

        Encoding.UTF8.GetString(destination, 0, length).ShouldBe(expected);
    }

    [Theory]
    [InlineData(null, null, null, "h:8080", "http://h:8080/a?q")]
    [InlineData("https", null, null, "h:8080", "https://h/a?q")]
    [InlineData("https", null, null, "[::1]:8080", "https://[::1]/a?q")]
    [InlineData("https", null, null, "[::1]", "https://[::1]/a?q")]
    [InlineData("http", null, null, "h:8080", "http://h:8080/a?q")]
    [InlineData(null, "new:9", null, "h", "http://new:9/a?q")]
    [InlineData(null, null, "/login?x=1", "h", "http://h/login?x=1")]
    [InlineData("https", "new", "/", "h", "https://new/")]
    [InlineData(null, null, null, "", "/a?q")]
    [InlineData("https", null, null, "", "/a?q")]
    public void RedirectWrite_PartsNotGiven_ComeFromTheRequest(string? scheme, string? host, string? path, string authority, string expected)
    {
        var redirect = new RedirectTarget(new RedirectAction { Scheme = scheme, Host = host, Path = path });

        Location(redirect, authority, "/a", "?q").ShouldBe(expected);
    }

    [Theory]
    [InlineData("", "//evil.test/x", "/evil.test/x")]
    [InlineData("h", "//evil.test/x", "http://h/evil.test/x")]
    [InlineData("h", "*", "http://h/")]
    public void RedirectWrite_PathThatIsNone_StaysOnTheHost(string authority, string path, string expected) =>
        Location(new RedirectTarget(new RedirectAction()), authority, path, "").ShouldBe(expected);

    [Fact]
    public void Respond_Route_IsReadyForTheWire()
    {
        var route = new Route(new RouteConfig { Name = "r", Respond = new RespondAction { Status = 451, Body = "nö", ContentType = "text/plain" } }, 3);

        route.Respond.ShouldNotBeNull();
        route.Respond.Status.ShouldBe(451);
        route.Respond.Body.ToArray().ShouldBe("nö"u8.ToArray());
        route.Respond.ContentType.ToArray().ShouldBe("text/plain"u8.ToArray());
        route.Redirect.ShouldBeNull();
    }

    [Fact]
    public void PickTarget_Weights_DrawsInProportion()
    {
        Route route = To(0, 90, 10, 0, 100);
        var random = new FastRandom(1);
        var drawn = new int[5];
        for (int i = 0; i < 200_000; i++)
        {
            drawn[route.PickTarget(ref random)]++;
        }

        drawn[0].ShouldBe(0);
        drawn[1].ShouldBeInRange(89_000, 91_000);
        drawn[2].ShouldBeInRange(9_600, 10_400);
        drawn[3].ShouldBe(0);
        drawn[4].ShouldBeInRange(99_000, 101_000);
    }

    [Fact]
    public void PickTarget_NothingToDraw_GivesMinusOne()
    {
        var random = new FastRandom(1);

        To(0, 0).PickTarget(ref random).ShouldBe(-1);
        To().PickTarget(ref random).ShouldBe(-1);
        To(5).PickTarget(ref random).ShouldBe(0);
    }

    private static Route To(params int[] weights) =>
        new(new RouteConfig { Name = "r", To = [.. weights.Select((weight, i) => new WeightedCluster($"c{i}", weight))] }, 0);

    private static string Location(RedirectTarget redirect, string authority, string path, string query)
    {
        var destination = new byte[redirect.MaxLength(authority.Length + path.Length + query.Length)];
        int length = redirect.Write("http"u8, Encoding.ASCII.GetBytes(authority), Encoding.ASCII.GetBytes(path), Encoding.ASCII.GetBytes(query), destination);
        return Encoding.ASCII.GetString(destination, 0, length);
    }
}
