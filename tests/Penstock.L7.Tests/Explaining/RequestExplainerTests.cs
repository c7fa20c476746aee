// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Explaining;
using Penstock.L7.Tests.Routing;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Tests.Explaining;

public sealed class RequestExplainerTests : IAsyncLifetime
{
    private readonly L7Engine _engine = new(NullLoggerFactory.Instance, DescriptorShares.OfProcess());
    private string _web = "";

    public Task InitializeAsync()
    {
        _engine.Apply(Served());
        _web = _engine.Status().Listeners.Single(listener => listener.Name == "web").Bind;
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _engine.DisposeAsync();

    [Fact]
    public void Request_ThatIsForwarded_NamesRouteClustersAndEndpoints_AndWhyNotTheOthers()
    {
        var said = Explain("GET", $"http://shop.example.com:{IPEndPoint.Parse(_web).Port}/x/../api/%61?q=1");

        (said.Listener, said.Host, said.Path, said.Route, said.Answer).ShouldBe(("web", "shop.example.com", "/api/a", "api", "forwarded as /v2/%61?q=1"));
        said.Routes.Select(route => (route.Name, route.Match, route.WhyNot)).ShouldBe([
            ("api", "shop.example.com/api", ""),
            ("rest", "*/", "it would take it, but api goes first: its host is more specific"),
            ("login", "POST *=/login", "its path is /login; its methods are POST"),
        ]);
        said.MoreRoutes.ShouldBe(0);
        said.Clusters.Select(cluster => (cluster.Name, cluster.Percent, cluster.Balancing)).ShouldBe([("mesh", 90.0, "least_request"), ("empty", 10.0, "round_robin")]);
        said.Clusters[0].Endpoints.Select(one => (one.Address, one.State, one.Percent, one.WhyNot)).ShouldBe([
            ("10.0.0.1:80", "ready", 66.7, ""),
            ("10.0.0.2:80", "ready", 33.3, ""),
            ("10.0.0.3:80", "down", 0.0, "connection refused"),
            ("10.0.0.4:80", "ready", 0.0, "weight 0"),
            ("10.0.0.5:80", "maintenance", 0.0, "by alice"),
        ]);
        said.Clusters[0].WhyNot.ShouldBeEmpty();
        said.Clusters[1].WhyNot.ShouldStartWith("503 no_endpoint: ");
    }

    [Theory]
    [InlineData("POST", "/login", "login", "200 by the route itself")]
    [InlineData("GET", "/login", "rest", "301 to https://www.example.com/login")]
    [InlineData("GET", "/../x", "", "400 bad_path: ")]
    [InlineData("G(T", "/", "", "400 ")]
    [InlineData("OPTIONS", "/", "", "501 method_not_implemented: ", "Max-Forwards: 0")]
    public void Request_IsAnsweredAsTheProxyWould(string method, string path, string route, string answer, params string[] headers)
    {
        var said = Explain(method, path, ["Host: www.example.com", .. headers]);

        said.Route.ShouldBe(route);
        said.Answer.ShouldStartWith(answer);
    }

    [Theory]
    [InlineData("PUT", "no.example.com", "404 no_route: ", "its host is bare.example.com")]
    [InlineData("GET", "bare.example.com", "405 method_not_allowed: ", "its methods are PUT")]
    [InlineData("PUT", "bare.example.com", "503 no_endpoint: ", "")]
    public void Request_ThatFails_SaysWhy(string method, string host, string answer, string whyNot)
    {
        var said = _engine.Explain(new RequestQuestion(method, "/", [$"Host: {host}"], "bare"));

        said.Listener.ShouldBe("bare");
        said.Answer.ShouldStartWith(answer);
        said.Routes.ShouldHaveSingleItem().WhyNot.ShouldBe(whyNot);
    }

    [Theory]
    [InlineData("CONNECT", "http://db.example.com:5432/", "database", "200: a tunnel to an endpoint")]
    [InlineData("CONNECT", "http://db.example.org:5432/", "", "501 connect_not_routed: ")]
    [InlineData("CONNECT", "http://db.example.com:5432/", "", "501 tunnel_not_carried: ", "Content-Length: 1")]
    [InlineData("GET", "http://db.example.com:5432/", "page", "204 by the route itself")]
    public void Connect_IsTakenByRoutesWithConnectAlone(string method, string url, string route, string answer, params string[] headers)
    {
        var said = _engine.Explain(new RequestQuestion(method, url, [.. headers], "tunnels"));

        said.Route.ShouldBe(route);
        said.Answer.ShouldStartWith(answer);
    }

    [Theory]
    [InlineData("/one", "forwarded; a tunnel if the endpoint answers 101", "Connection: upgrade", "Upgrade: websocket")]
    [InlineData("/one", "forwarded; a tunnel if the endpoint answers 101", "Connection: upgrade", "Upgrade: other/1")]
    [InlineData("/one", "forwarded, without its Upgrade: Connection does not list it, it asks for h2c, or it is malformed", "Upgrade: websocket")]
    [InlineData("/one", "forwarded, without its Upgrade: Connection does not list it, it asks for h2c, or it is malformed", "Connection: upgrade", "Upgrade: h2c")]
    [InlineData("/two", "forwarded; a stream if the endpoint of HTTP/2 opens WebSockets, else 501 websocket_not_taken", "Connection: upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData("/two", "forwarded; to endpoints of HTTP/2 without its Upgrade: it is no WebSocket with a key", "Connection: upgrade", "Upgrade: websocket")]
    [InlineData("/two", "forwarded; to endpoints of HTTP/2 without its Upgrade: it is no WebSocket with a key", "Connection: upgrade", "Upgrade: other/1", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData("/both", "forwarded; a tunnel if the endpoint answers 101; to endpoints of HTTP/2 without its Upgrade: it is no WebSocket with a key", "Connection: upgrade", "Upgrade: websocket")]
    [InlineData("/one", "forwarded", "Connection: close")]
    public void Upgrade_SaysWhatBecomesOfItAtTheEndpoint(string path, string answer, params string[] headers)
    {
        var said = _engine.Explain(new RequestQuestion("GET", path, ["Host: any.example.com", .. headers], "upgrades"));

        said.Answer.ShouldBe(answer);
    }

    [Fact]
    public void Connect_SaysWhyOtherRoutesDoNotTakeIt()
    {
        _engine.Explain(new RequestQuestion("CONNECT", "http://db.example.com:5432/", [], "tunnels")).Routes.Select(route => (route.Name, route.WhyNot)).ShouldBe([
            ("database", ""), ("plain", "it takes no CONNECT"), ("page", "its path_prefix is /; it takes no CONNECT"),
        ]);
        var last = _engine.Explain(new RequestQuestion("GET", "http://db.example.com:5432/", [], "tunnels")).Routes[^1];
        (last.Name, last.WhyNot).ShouldBe(("database", "it takes CONNECT alone"));
    }

    [Theory]
    [InlineData("https://Shop.example.com/", "*.example.com", "its bytes are relayed")]
    [InlineData("https://shop.example.org/", "", "closed: no rule takes the name")]
    [InlineData("http://shop.example.com/", "", "closed: it begins with no TLS")]
    public void Stream_GoesByTheNameThatTlsAsksFor(string url, string route, string answer)
    {
        var said = _engine.Explain(new RequestQuestion("GET", url, [], "tls"));

        (said.Listener, said.Route, said.Answer).ShouldBe(("tls", route, answer));
        said.Clusters.Select(cluster => cluster.Name).ShouldBe(route.Length == 0 ? Array.Empty<string>() : ["mesh"]);
    }

    [Fact]
    public void Listener_IsTheOneAtThePortOfTheUrl_OrNone()
    {
        Explain("GET", $"https://{_web}/").Listeners.Select(one => one.WhyNot).ShouldContain("it takes no TLS");
        var other = Explain("GET", "http://shop.example.com:1/");
        (other.Listener, other.Answer).ShouldBe(("", "no listener takes it"));
        other.Listeners.ShouldAllBe(one => one.WhyNot == "the URL has port 1");
        Explain("GET", $"http://127.0.0.9:{IPEndPoint.Parse(_web).Port}/").Listeners.Select(one => one.WhyNot).ShouldContain("the URL has the address 127.0.0.9");
    }

    [Theory]
    [InlineData("shop.example.com/api")]
    [InlineData("ftp://shop.example.com/")]
    [InlineData("http://")]
    [InlineData("http://shop.example.com:x/")]
    [InlineData("http://alice@shop.example.com/")]
    [InlineData("/a\r\nb: c")]
    public void Url_ThatIsNone_IsRefused(string url) => Should.Throw<FormatException>(() => Explain("GET", url));

    private static Snapshot Served()
    {
        var loopback = SocketEndpoint.Ip(IPAddress.Loopback, 0);
        var mesh = new ClusterConfig { Name = "mesh", Balancing = Algorithm.LeastRequest };
        var empty = new ClusterConfig { Name = "empty" };
        var config = new ApplianceConfig
        {
            Node = "lb1",
            L7 = new L7Config
            {
                Reactors = 1,
                Listeners =
                [
                    new ListenerConfig { Name = "web", Bind = loopback, Routes = "shop" },
                    new ListenerConfig { Name = "bare", Bind = SocketEndpoint.Ip(IPAddress.Parse("127.0.0.2"), 0), Routes = "bare" },
                    new ListenerConfig { Name = "tunnels", Bind = SocketEndpoint.Ip(IPAddress.Parse("127.0.0.4"), 0), Routes = "tunnels" },
                    new ListenerConfig { Name = "upgrades", Bind = SocketEndpoint.Ip(IPAddress.Parse("127.0.0.5"), 0), Routes = "upgrades" },
                    new ListenerConfig { Name = "tls", Bind = SocketEndpoint.Ip(IPAddress.Parse("127.0.0.3"), 0), Mode = ListenerMode.Tcp, Sni = [new SniRule { Name = "*.example.com", To = [new WeightedCluster("mesh")] }] },
                ],
                Routes = ImmutableSortedDictionary.Create<string, ImmutableArray<RouteConfig>>(StringComparer.Ordinal)
                    .Add("shop", [
                        RouteTables.Rule("rest") with { Redirect = new RedirectAction { Scheme = "https", Status = 301 } },
                        RouteTables.Rule("api", "shop.example.com", prefix: "/api") with { To = [new WeightedCluster("mesh", 90), new WeightedCluster("empty", 10)], RewritePrefix = "/v2" },
                        RouteTables.Rule("login", path: "/login", methods: ["POST"]) with { Respond = new RespondAction { Status = 200 } },
                    ])
                    .Add("tunnels", [
                        RouteTables.Rule("page", "db.example.com", prefix: "/") with { Respond = new RespondAction { Status = 204 } },
                        RouteTables.Rule("plain", "db.example.com") with { To = [new WeightedCluster("mesh")] },
                        RouteTables.Rule("database", "*.example.com") with { To = [new WeightedCluster("mesh")], Connect = true },
                    ])
                    .Add("upgrades", [
                        RouteTables.Rule("one", path: "/one") with { To = [new WeightedCluster("mesh")] },
                        RouteTables.Rule("two", path: "/two") with { To = [new WeightedCluster("mesh", 0), new WeightedCluster("streams")] },
                        RouteTables.Rule("both", path: "/both") with { To = [new WeightedCluster("streams"), new WeightedCluster("mesh")] },
                    ])
                    .Add("bare", [RouteTables.Rule("put", "bare.example.com", methods: ["PUT"]) with { To = [new WeightedCluster("empty")] }]),
                Clusters = ImmutableSortedDictionary.Create<string, ClusterConfig>(StringComparer.Ordinal).Add("mesh", mesh).Add("empty", empty).Add("streams", new ClusterConfig { Name = "streams", Protocol = UpstreamProtocol.H2 }),
            },
        };
        var endpoints = ImmutableDictionary.Create<string, ClusterEndpoints>(StringComparer.Ordinal).Add("empty", new ClusterEndpoints("empty", [])).Add("mesh", new ClusterEndpoints("mesh", [
            At(1, 2, EndpointState.Ready, ""),
            At(2, 1, EndpointState.Ready, ""),
            At(3, 1, EndpointState.Down, "connection refused"),
            At(4, 0, EndpointState.Ready, ""),
            At(5, 1, EndpointState.Maintenance, "by alice"),
        ])).Add("streams", new ClusterEndpoints("streams", [At(6, 1, EndpointState.Ready, "")]));
        return new Snapshot(1, config, endpoints);
    }

    private static Endpoint At(byte host, int weight, EndpointState state, string reason) => new(SocketEndpoint.Ip(new IPAddress([10, 0, 0, host]), 80), weight, state, reason);

    private RequestExplanation Explain(string method, string url, params string[] headers) => _engine.Explain(new RequestQuestion(method, url, [.. headers], url.StartsWith('/') ? "web" : null));
}
