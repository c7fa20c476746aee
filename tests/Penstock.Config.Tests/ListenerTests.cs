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
}
