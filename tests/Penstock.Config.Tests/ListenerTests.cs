// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Tests;

public sealed class ListenerTests
{
    [Theory]
    [InlineData("bind: \":80\", proxy_protocol: {}", "l7.listeners[0].proxy_protocol.from: no peer that sends a PROXY header; expected from, with networks of the proxies in front")]
    [InlineData("bind: \":80\", proxy_protocol: {from: []}", "no peer that sends a PROXY header")]
    [InlineData("bind: \":80\", proxy_protocol: {from: [10.0.0.1/8]}", "a network without host bits; did you mean '10.0.0.0/8'?")]
    [InlineData("bind: \":80\", proxy_protocol: {from: [10.0.0.0/8], timeout: 0s}", "l7.listeners[0].proxy_protocol.timeout: '0s'")]
    [InlineData("bind: \"unix:/run/x\", proxy_protocol: {from: [10.0.0.0/8]}", "l7.listeners[0].proxy_protocol.from: from on a Unix socket, whose peers have no address")]
    public void ProxyProtocol_OneFault_IsReported(string keys, string line) =>
        Some.Parse($"l7:\n  listeners: [{{name: a, {keys}, routes: main}}]{Some.Tail}").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("bind: \":80\", proxy_protocol: {from: 0.0.0.0/0}")]
    [InlineData("bind: \"unix:/run/x\", proxy_protocol: {}")]
    public void ProxyProtocol_WithoutFault_IsTaken(string keys) =>
        Some.Parse($"l7:\n  listeners: [{{name: a, {keys}, routes: main}}]{Some.Tail}").Lines().ShouldBeEmpty();

    [Theory]
    [InlineData("v3", "l7.clusters.c.proxy_protocol: 'v3'; expected v1 or v2")]
    [InlineData("2", "l7.clusters.c.proxy_protocol: '2'; expected v1 or v2")]
    public void ClustersProxyProtocol_OfNoVersion_IsReported(string version, string line) =>
        Some.Parse($"l7:\n  listeners: [{{name: a, bind: \":80\", routes: main}}]\n  routes: {{main: {{to: c}}}}\n  clusters: {{c: {{endpoints: \"10.0.0.1:80\", proxy_protocol: {version}}}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("{name: a, bind: \":80\"}", "l7.listeners[0]: no key 'routes'")]
    [InlineData("{name: a, bind: \":80\", routes: main, to: c}", "l7.listeners[0].to: to on a listener of mode http; expected mode: tcp beside it")]
    [InlineData("{name: a, bind: \":80\", routes: main, not_tls: close}", "not_tls on a listener of mode http")]
    [InlineData("{name: a, bind: \":80\", mode: tpc, routes: main}", "did you mean 'tcp'?")]
    [InlineData("{name: a, bind: \":80\", mode: tcp}", "l7.listeners[0]: neither to nor sni; expected to, with clusters")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, routes: main}", "l7.listeners[0].routes: routes on a listener of mode tcp")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, trusted_proxies: 10.0.0.0/8}", "trusted_proxies on a listener of mode tcp")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, http2: {enabled: false}}", "http2 on a listener of mode tcp")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, grpc_web: true}", "grpc_web on a listener of mode tcp")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, limits: {header_count: 9}}", "limits.header_count on a listener of mode tcp; expected connections or connections_per_client")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, timeouts: {body: 9s}}", "timeouts.body on a listener of mode tcp; expected header")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: d}", "unknown cluster 'd'")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: {cluster: c, weight: 0}}", "every weight 0")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, not_tls: default}", "not_tls without sni")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {name: a.b, to: c}, not_tls: default}", "not_tls: default without to")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {name: a.b}}", "l7.listeners[0].sni[0]: no key 'to'")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {to: c}}", "none of name or without_name")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {name: a.b, without_name: true, to: c}}", "both name and without_name")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {without_name: false, to: c}}", "without_name: false")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: [{name: a.b, to: c}, {name: A.B, to: c}]}", "l7.listeners[0].sni[1]: a rule that never holds")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {name: \"a.*.b\", to: c}}", "l7.listeners[0].sni[0].name: text 'a.*.b'")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: {name: a.b, to: d}}", "unknown cluster 'd'")]
    public void Mode_OneFault_IsReported(string listener, string line) => Lines(listener).ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("{name: a, bind: \":80\", mode: tcp, to: c, timeouts: {header: 1s}, limits: {connections: 9, connections_per_client: 1}, proxy_protocol: {from: 10.0.0.0/8}}")]
    [InlineData("{name: a, bind: \":80\", mode: tcp, sni: [{name: a.b, to: c}, {name: \"*.b\", to: c}, {without_name: true, to: c}], to: c, not_tls: default}")]
    public void Tcp_WithoutFault_IsTaken(string listener) => Lines(listener).ShouldBeEmpty();

    [Fact]
    public void GrpcWeb_WhereNoClusterSpeaksHttp2_IsReported() =>
        GrpcWeb("{to: [c, d]}", "").ShouldHaveSingleItem().ShouldStartWith("a.yaml:2:52: error: l7.listeners[0].grpc_web: grpc_web on a listener whose route table 'main' leads to clusters of HTTP/1.1 alone: gRPC needs HTTP/2, so no call is translated; expected protocol: h2 on");

    [Theory]
    [InlineData("{to: [c, d]}", ", protocol: h2")]
    [InlineData("[{match: {path_prefix: /a}, to: c}, {to: d}]", ", protocol: h2")]
    [InlineData("[{match: {path_prefix: /a}, redirect: {scheme: https}}, {match: {path_prefix: /b}, to: d}, {to: c}]", ", protocol: h2")]
    public void GrpcWeb_WhereAClusterSpeaksHttp2_IsTaken(string routes, string keys) => GrpcWeb(routes, keys).ShouldBeEmpty();

    [Fact]
    public void GrpcWeb_BesideAnotherFaultOfTheProtocol_IsNotReported() =>
        GrpcWeb("{to: [c, d]}", ", protocol: h3").ShouldHaveSingleItem().ShouldContain("l7.clusters.c.protocol: 'h3'");

    [Fact]
    public void GrpcWeb_ToAClusterCheckedAsGrpcThatSpeaksHttp1_IsWarnedOf() =>
        GrpcWeb("{to: [c, d]}", ", protocol: h2", ", health: {type: grpc}").ShouldHaveSingleItem()
            .ShouldContain("warning: l7.clusters.d: cluster 'd', whose endpoints are checked as servers of gRPC, without protocol: h2");

    private static string[] GrpcWeb(string routes, string keysOfC, string keysOfD = "") =>
        Some.Parse($"l7:\n  listeners: [{{name: a, bind: \":80\", routes: main, grpc_web: true}}, {{name: b, bind: \":81\", routes: main}}]\n  routes: {{main: {routes}}}\n  clusters: {{c: {{endpoints: \"10.0.0.1:80\"{keysOfC}}}, d: {{endpoints: \"10.0.0.2:80\"{keysOfD}}}}}\n").Lines();

    private static string[] Lines(string listener) =>
        Some.Parse($"l7:\n  listeners: [{listener}, {{name: b, bind: \":81\", routes: main}}]\n  routes: {{main: {{to: c}}}}\n  clusters: {{c: {{endpoints: \"10.0.0.1:80\"}}}}\n").Lines();
}
