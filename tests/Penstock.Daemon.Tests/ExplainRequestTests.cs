// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Daemon.Tests;

public sealed class ExplainRequestTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public ExplainRequestTests() => _sandbox.Write($$$"""
        node: test
        state: {{{_sandbox.Directory}}}/lib
        l7:
          reactors: 1
          listeners: [{name: web, bind: "127.0.0.1:0", routes: main}]
          routes: {main: [{name: api, match: {host: shop.example.com, path_prefix: /api, methods: [POST]}, to: mesh}, {name: rest, respond: {status: 404}}]}
          clusters: {mesh: {endpoints: ["10.0.0.1:80", "10.0.0.2:80"]}}

        """);

    [Fact]
    public async Task Explain_OfARequest_IsByWhatRuns_WithWhatOperatorsHaveSaid()
    {
        await _sandbox.StartAsync();
        (await ClientAsync("drain", "--endpoint", "mesh/10.0.0.2:80")).ExitCode.ShouldBe(0);

        var (code, output, error) = await ClientAsync("explain", "request", "POST", "/api/x", "-H", "Host: shop.example.com", "-H", "content-length: 0");

        code.ShouldBe(0, error);
        output.ShouldStartWith("listener  web\nhost      shop.example.com\npath      /api/x\nroute     api\nanswer    forwarded\n\nLISTENER");
        output.ShouldContain("it would take it, but api goes first: its host is more specific");
        output.ShouldContain("  -> 10.0.0.1:80  ready");
        output.ShouldContain("  -> 10.0.0.2:80  drain");
        var answer = JsonDocument.Parse((await ClientAsync("explain", "request", "GET", "/api/x", "-H", "Host: shop.example.com", "-o", "json")).Output).RootElement;
        (answer.GetProperty("route").GetString(), answer.GetProperty("answer").GetString()).ShouldBe(("rest", "404 by the route itself"));
        answer.GetProperty("routes")[1].GetProperty("why_not").GetString().ShouldBe("its methods are POST");
    }

    [Fact]
    public async Task Explain_OfWhatIsNoUrl_SaysSo()
    {
        await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("explain", "request", "GET", "shop.example.com");
        (code, output).ShouldBe((1, ""));
        error.ShouldContain("'shop.example.com' is no URL");
    }

    [Fact]
    public async Task Explain_AtAListenerThatIsNotThere_NamesTheNearest()
    {
        await _sandbox.StartAsync();
        var (code, output, error) = await ClientAsync("explain", "request", "GET", "/", "--listener", "wbe");
        (code, output).ShouldBe((1, ""));
        error.ShouldContain("no listener is called 'wbe': did you mean 'web'?");
    }

    public void Dispose() => _sandbox.Dispose();

    private Task<(int ExitCode, string Output, string Error)> ClientAsync(params string[] arguments) => Sandbox.CallAsync([.. arguments, "--socket", _sandbox.SocketPath]);
}
