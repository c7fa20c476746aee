// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Tests;

public sealed class DiagnosticTests
{
    [Theory]
    [InlineData("nod: x", "a.yaml:1:1: error: unknown key 'nod'; expected node, shutdown_timeout, watch, state, admin, metrics, peers, vrrp, keepalived, bgp, bird, acme, l4 or l7; did you mean 'node'?")]
    [InlineData("watch: yes", "a.yaml:1:8: error: watch: 'yes'; expected true or false; did you mean 'true'?")]
    [InlineData("watch: \"true\"", "a.yaml:1:8: error: watch: text 'true'; expected true or false; did you mean 'true'?")]
    [InlineData("shutdown_timeout: 10", "a.yaml:1:19: error: shutdown_timeout: '10'; expected a duration with its unit (us, ms, s, m, h, d), from 0s to 1h; did you mean '10s'?")]
    [InlineData("shutdown_timeout: 2h", "a.yaml:1:19: error: shutdown_timeout: '2h'; expected a duration with its unit (us, ms, s, m, h, d), from 0s to 1h")]
    [InlineData("shutdown_timeout:", "a.yaml:1:18: error: shutdown_timeout: nothing; expected a duration with its unit (us, ms, s, m, h, d), from 0s to 1h")]
    [InlineData("node: true", "a.yaml:1:7: error: node: the boolean true; expected a name of letters, digits, '.', '_' and '-', up to 128 characters, that begins with a letter or digit; quote it if it is meant as text; did you mean '\"true\"'?")]
    [InlineData("l7: {reactors: 010}", "a.yaml:1:16: error: l7.reactors: '010'; expected a whole number from 0 to 1024 without sign or leading zeros; did you mean '10'?")]
    [InlineData("l7: {reactors: 0x10}", "a.yaml:1:16: error: l7.reactors: '0x10'; expected a whole number from 0 to 1024; did you mean '16'?")]
    [InlineData("l7: {reactors: 99999999999999999999}", "a.yaml:1:16: error: l7.reactors: '99999999999999999999'; expected a whole number from 0 to 1024")]
    [InlineData("l7: {access_log: {format: \"%{statsu}\"}}", "did you mean 'status'?")]
    [InlineData("metrics: {}", "a.yaml:1:10: error: metrics: no key 'bind'; expected an address to listen on")]
    [InlineData("metrics: {bind: 9000}", "did you mean ':9000'?")]
    [InlineData("metrics: {bind: \"010.0.0.1:80\"}", "a.yaml:1:17: error: metrics.bind: text '010.0.0.1:80'; expected an address to listen on")]
    [InlineData("admin: {socket: x.sock}", "a.yaml:1:17: error: admin.socket: 'x.sock'; expected an absolute path of at most 107 bytes")]
    [InlineData("node: a\nnode: b", "a.yaml:2:1: error: key 'node' a second time; expected it once; first at line 1, column 1")]
    [InlineData("node: &a x", "a.yaml:1:7: error: anchor '&a'; expected no anchor: anchors and aliases are not supported")]
    [InlineData("node: *a", "a.yaml:1:7: error: alias '*a'; expected the value itself: aliases are not supported")]
    [InlineData("node: !!str x", "a.yaml:1:7: error: tag 'tag:yaml.org,2002:str'; expected no tag: tags are not supported")]
    [InlineData("<<: {node: x}", "a.yaml:1:1: error: merge key '<<'; expected the keys themselves: merge keys are not supported")]
    [InlineData("node: a\n---\nnode: b", "a.yaml:2:1: error: a second document; expected one document in a file")]
    [InlineData("l7:\n\tlisteners: []", "a.yaml:2:1: error: a tab in the indentation; expected spaces")]
    [InlineData("node: a\0b", "a.yaml:1:8: error: NUL; expected printable text")]
    [InlineData("node: a # x\u2028watch: true", "a.yaml:1:12: error: line separator U+2028, which YAML readers disagree about")]
    [InlineData("- a", "a.yaml:1:1: error: a list; expected a mapping with keys such as node and l7")]
    [InlineData("", "a.yaml:1:1: error: an empty configuration; expected at least one of the sections node, admin, metrics, peers, vrrp, l4 and l7")]
    public void Parse_OneFault_IsReportedWithItsPosition(string yaml, string line) =>
        Some.Parse(yaml).Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("{to: mesh}", "a.yaml:5:12: error: l7.routes.main[0].to[0].cluster: unknown cluster 'mesh'; expected a cluster of l7.clusters: mesh-a; did you mean 'mesh-a'?")]
    [InlineData("{to: mesh-a, respond: {}}", "a.yaml:5:20: error: l7.routes.main[0]: both to and respond; expected exactly one of to, redirect or respond")]
    [InlineData("{match: {path: /}}", "a.yaml:5:7: error: l7.routes.main[0]: none of to, redirect or respond; expected exactly one of them")]
    [InlineData("{to: [{cluster: mesh-a, weight: 0}]}", "a.yaml:5:12: error: l7.routes.main[0].to: every weight 0; expected at least one weight above 0")]
    [InlineData("{to: [{cluster: mesh-a, weight: 1000001}]}", "a.yaml:5:39: error: l7.routes.main[0].to[0].weight: '1000001'; expected a whole number from 0 to 1000000")]
    [InlineData("{match: {path: /a, path_prefix: /b}, to: mesh-a}", "a.yaml:5:26: error: l7.routes.main[0].match: both path and path_prefix; expected at most one of path, path_prefix or path_regex")]
    [InlineData("{match: {path: a}, to: mesh-a}", "a.yaml:5:22: error: l7.routes.main[0].match.path: 'a'; expected a path that begins with '/', without query; did you mean '/a'?")]
    [InlineData("{match: {host: \"a.b:80\"}, to: mesh-a}", "did you mean 'a.b'?")]
    [InlineData("{match: {host: \"a.*.b\"}, to: mesh-a}", "a.yaml:5:22: error: l7.routes.main[0].match.host: text 'a.*.b'; expected a host such as")]
    [InlineData("{match: {methods: get}, to: mesh-a}", "did you mean 'GET'?")]
    [InlineData("{match: {path_regex: '(a)\\1'}, to: mesh-a}", "at character 4: a backreference, which cannot be evaluated in linear time; expected a regular expression that can")]
    [InlineData("{match: {path_regex: '(?=a)'}, to: mesh-a}", "at character 1: lookaround, which")]
    [InlineData("{match: {path_regex: '(a'}, to: mesh-a}", "at character 1: a parenthesis that is not closed")]
    [InlineData("{match: {path_regex: '((a{99}){99}){99}'}, to: mesh-a}", "repetitions that multiply to more than 10000 steps")]
    [InlineData("{rewrite_prefix: /x, to: mesh-a}", "rewrite_prefix without match.path_prefix")]
    [InlineData("{redirect: {}}", "a redirect to the request's own address")]
    [InlineData("{redirect: {status: 200, path: /}}", "expected 301, 302, 303, 307 or 308")]
    [InlineData("{redirect: {host: \"a\\r\\nb\"}}", "l7.routes.main[0].redirect.host: text 'a\\u000d\\u000ab'; expected a host")]
    [InlineData("{respond: {content_type: \"a\\r\\nX: b\"}}", "expected printable ASCII text on one line")]
    [InlineData("{respond: {status: 204, body: x}}", "a body with status 204")]
    [InlineData("{connect: true, match: {path: /a}, to: mesh-a}", "match.path on a route with connect; expected a match by host alone")]
    [InlineData("{connect: true, timeout: 1s, to: mesh-a}", "timeout on a route with connect")]
    [InlineData("{connect: true, respond: {status: 200}}", "respond on a route with connect")]
    public void Route_OneFault_IsReportedWithItsPosition(string route, string line)
    {
        var yaml = $"l7:\n  listeners: [{{name: a, bind: \":80\", routes: main}}]\n  routes:\n    main:\n    - {route}\n    - {{match: {{path: /used}}, to: mesh-a}}\n  clusters: {{mesh-a: {{endpoints: \"10.0.0.1:80\"}}}}\n";
        Some.Parse(yaml).Lines().ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData("{}", "none of endpoints or discovery")]
    [InlineData("{endpoints: []}", "an empty list; expected at least one endpoint")]
    [InlineData("{endpoints: \"localhost:80\"}", "did you mean '127.0.0.1:80'?")]
    [InlineData("{endpoints: \"api:80\"}", "names go under discovery")]
    [InlineData("{endpoints: \"10.0.0.1:0\"}", "expected a port from 1 to 65535")]
    [InlineData("{endpoints: [\"10.0.0.1:80\", \"10.0.0.1:80\"]}", "endpoint 10.0.0.1:80 a second time")]
    [InlineData("{endpoints: {address: \"10.0.0.1:80\", weight: 0}}", "every weight 0")]
    [InlineData("{discovery: {}}", "none of dns")]
    [InlineData("{discovery: {dns: {name: a, port: 70000}}}", "expected a whole number from 1 to 65535")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {path: /}}", "path in a check of type tcp")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {host: a}}", "host in a check of type tcp; expected type: http beside it")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {type: http, service: shop.Cart}}", "service in a check of type http; expected type: grpc beside it")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {type: grpc, path: /}}", "path in a check of type grpc; expected type: http beside it")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {type: grpc, service: \"\"}}", "expected printable text on one line")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {interval: 1s, timeout: 2s}}", "warning: l7.clusters.c.health.timeout: a timeout longer than the interval")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health: {type: http, expect: 399-200}}", "did you mean '200-399'?")]
    [InlineData("{endpoints: \"10.0.0.1:80\", health_port: 15021}", "health_port without health; expected health beside it")]
    [InlineData("{endpoints: \"unix:/run/x\", health: {}, health_port: 15021}", "health_port beside an endpoint that is a Unix socket")]
    [InlineData("{endpoints: \"10.0.0.1:80\", host: endpoint, rewrite_host: shop.internal}", "l7.clusters.c.rewrite_host: rewrite_host beside host; expected one of the two")]
    [InlineData("{endpoints: \"10.0.0.1:80\", rewrite_host: \"*.internal\"}", "expected a host such as shop.example.com, with or without a port")]
    [InlineData("{endpoints: \"10.0.0.1:80\", balancing: least_requests}", "did you mean 'least_request'?")]
    public void Cluster_OneFault_IsReported(string cluster, string line) =>
        Some.Parse($"l7:\n  listeners: [{{name: a, bind: \":80\", routes: main}}]\n  routes: {{main: {{to: c}}}}\n  clusters: {{c: {cluster}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData(":80", "0.0.0.0:80")]
    [InlineData("0.0.0.0:80", "10.0.0.1:80")]
    [InlineData("10.0.0.1:80", "10.0.0.1:80")]
    [InlineData("[::]:80", "[fd00::1]:80")]
    [InlineData("unix:/run/x", "unix:/run/x")]
    public void Binds_Overlapping_AreAnError(string first, string second) =>
        TwoListeners(first, second).Lines().ShouldHaveSingleItem().ShouldContain("which overlaps l7.listeners[0].bind");

    [Theory]
    [InlineData(":80", ":81")]
    [InlineData(":0", ":0")]
    [InlineData("0.0.0.0:80", "[fd00::1]:80")]
    [InlineData("10.0.0.1:80", "10.0.0.2:80")]
    public void Binds_Apart_AreTaken(string first, string second) =>
        TwoListeners(first, second).Lines().ShouldBeEmpty();

    [Fact]
    public void Parse_ManyFaultsInTwoFiles_ReportsThemAllInOrder()
    {
        var lines = Some.Parse("nod: a\nwatch: 1\nl7: {reactors: x}\n", "metrics: {bind: x}\na: [1, 2\nb: 3\n").Lines();
        lines.Select(l => l[..l.IndexOf(": error", StringComparison.Ordinal)])
            .ShouldBe(["a.yaml:1:1", "a.yaml:2:8", "a.yaml:3:16", "b.yaml:1:17", "b.yaml:2:1", "b.yaml:3:1"]);
    }

    [Fact]
    public void Parse_DuplicateMatch_NamesTheFirst() =>
        Some.Parse("l7:\n  listeners: [{name: a, bind: \":80\", routes: main}]\n  routes:\n    main:\n    - {match: {host: A.b}, respond: {}}\n    - {match: {host: a.b}, respond: {}}\n")
            .Lines().ShouldHaveSingleItem().ShouldBe("a.yaml:6:15: error: l7.routes.main[1].match: a route that can never match; expected a match of its own; the same stands at a.yaml:5:7");

    private static ConfigResult TwoListeners(string first, string second) =>
        Some.Parse($"l7:\n  listeners: [{{name: a, bind: \"{first}\", routes: main}}, {{name: b, bind: \"{second}\", routes: main}}]{Some.Tail}");
}
