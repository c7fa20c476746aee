// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Peers.Tests.Tls;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Peers;

/// <summary>A real WebSocket client and server (Debian's python3-websockets) on either side.</summary>
public sealed class WebSocketTests
{
    private const string Python = "/usr/bin/python3"; // Debian's, whose the module is.

    private const string Server = """
        import asyncio, sys, websockets

        async def serve(socket):
            try:
                async for message in socket:
                    if isinstance(message, str) and message.startswith("close "):
                        _, code, reason = message.split(" ", 2)
                        await socket.close(int(code), reason)
                    else:
                        await socket.send(message)
            except websockets.ConnectionClosed:
                pass
            print("closed", socket.close_code, socket.close_reason, flush=True)

        async def main():
            async with websockets.serve(serve, "127.0.0.1", int(sys.argv[1]), max_size=None, subprotocols=["chat"], ping_interval=None):
                await asyncio.Future()

        asyncio.run(main())
        """;

    private const string Client = """
        import asyncio, ssl, sys, websockets

        def connect():
            tls = {"ssl": ssl.create_default_context(cafile=sys.argv[3]), "host": "127.0.0.1", "server_hostname": "shop.test"} if len(sys.argv) > 3 else {}
            return websockets.connect(sys.argv[1], max_size=None, subprotocols=["chat"], ping_interval=None, close_timeout=5, **tls)

        async def talk():
            async with connect() as socket:
                print("subprotocol", socket.subprotocol)
                await socket.send("hello")
                print("echo", await socket.recv())
                big = bytes(range(256)) * 32768
                await socket.send(big)
                print("big", await socket.recv() == big)
                await asyncio.wait_for(await socket.ping(b"x"), 20)
                print("pong")
                await asyncio.gather(*[socket.send(str(i)) for i in range(500)])
                print("many", [await socket.recv() for i in range(500)] == [str(i) for i in range(500)])
                await socket.send("close 4001 because")
                try:
                    await socket.recv()
                except websockets.ConnectionClosed as e:
                    print("server closed", e.rcvd.code, e.rcvd.reason)
            async with connect() as socket:
                await socket.close(4002, "done")

        async def idle():
            async with connect() as busy, connect() as still:
                end = asyncio.create_task(still.wait_closed())
                for i in range(30):
                    await asyncio.wait_for(await busy.ping(), 20)
                    await asyncio.sleep(0.1)
                await asyncio.wait_for(end, 20)
                print("idle ended", still.close_code)
                await busy.send("hello")
                print("busy", await busy.recv())

        async def stay():
            async with connect() as socket:
                print("open", flush=True)
                while True:
                    await socket.send("hello")
                    await socket.recv()
                    await asyncio.sleep(0.05)

        asyncio.run({"talk": talk, "idle": idle, "stay": stay}[sys.argv[2]]())
        """;

    [PeerFact("python3", PythonModule = "websockets")]
    public async Task Talk_OfFramesPingsAndCloses_GoesThroughWhole()
    {
        await using var server = await StartServerAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [server.Endpoint] });

        await ShouldTalkAsync(Url(penstock.Port), server);
    }

    [PeerFact("python3", PythonModule = "websockets")]
    public async Task Talk_OverTls_GoesThroughWhole()
    {
        using var site = new TlsSite();
        await using var server = await StartServerAsync();
        await using var penstock = await PenstockProcess.StartAsync(site.Config([server.Endpoint]));

        await ShouldTalkAsync($"wss://{TlsSite.Name}:{penstock.Port}/chat", server, site.CaFile);
    }

    /// <summary>An upgrade, then a stream between two daemons (RFC 8441), then an upgrade again.</summary>
    [PeerFact("python3", PythonModule = "websockets")]
    public async Task Talk_OverAStreamOfHttp2_GoesThroughWhole()
    {
        await using var server = await StartServerAsync();
        await using var inner = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [server.Endpoint], Listener = ["http2: {extended_connect: true}"] });
        await using var outer = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [$"127.0.0.1:{inner.Port}"], Cluster = ["protocol: h2"] });

        await ShouldTalkAsync(Url(outer.Port), server);
    }

    /// <summary>An upgrade to haproxy, which asks for a stream (RFC 8441), then an upgrade again.</summary>
    [PeerFact("python3", "haproxy", PythonModule = "websockets")]
    public async Task Talk_OverAStreamThatHaproxyAsksFor_GoesThroughWhole()
    {
        await using var server = await StartServerAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [server.Endpoint], Listener = ["http2: {extended_connect: true}"] });
        await using var haproxy = await HaproxyServer.FrontAsync(penstock.Port, "proto h2");

        await ShouldTalkAsync(Url(haproxy.Port), server);
        await penstock.AwaitMetricAsync("penstock_http2_streams_total 2");
    }

    /// <summary>An upgrade, then a stream to haproxy (RFC 8441), which asks for an upgrade.</summary>
    [PeerFact("python3", "haproxy", PythonModule = "websockets")]
    public async Task Talk_OverAStreamThatHaproxyTakes_GoesThroughWhole()
    {
        await using var server = await StartServerAsync();
        await using var haproxy = await HaproxyServer.FrontAsync(server.Port, bindOptions: "proto h2");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [haproxy.Endpoint], Cluster = ["protocol: h2"] });

        await ShouldTalkAsync(Url(penstock.Port), server);
        await penstock.AwaitMetricAsync("penstock_upstream_http2_streams_total 2");
    }

    [PeerFact("python3", PythonModule = "websockets")]
    public async Task Tunnel_ThatStandsStill_EndsAndOneWithPingsDoesNot()
    {
        await using var server = await StartServerAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [server.Endpoint], Cluster = ["timeouts: {body: 1s}"] });

        (await RunClientAsync(Url(penstock.Port), "idle")).ShouldBe("idle ended 1006\nbusy hello\n");
    }

    [PeerFact("python3", PythonModule = "websockets")]
    public async Task Tunnel_GoesOnOverAReload_AndEndsAtAStop()
    {
        await using var server = await StartServerAsync();
        var config = new ProxyConfig { Endpoints = [server.Endpoint] };
        await using var penstock = await PenstockProcess.StartAsync(config);
        using var workplace = new Workplace();
        await using var client = new ChildProcess(Python, workplace.Write("client.py", Client), Url(penstock.Port), "stay");
        await Eventually.TrueAsync(() => client.Output.Contains("open", StringComparison.Ordinal), "no tunnel");

        (await penstock.ReloadAsync(config with { Endpoints = [$"127.0.0.1:{FreePort.Next()}"] })).ExitCode.ShouldBe(0);
        await Task.Delay(500);
        client.HasExited.ShouldBeFalse(client.Output);

        penstock.Child.Signal(15);
        (await penstock.Child.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(0, penstock.Child.Output);
        (await client.WaitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);
    }

    private static string Url(int port) => $"ws://127.0.0.1:{port}/chat";

    private static async Task ShouldTalkAsync(string url, WebSocketServer server, params string[] ca)
    {
        (await RunClientAsync(url, "talk", ca)).ShouldBe("subprotocol chat\necho hello\nbig True\npong\nmany True\nserver closed 4001 because\n");

        await Eventually.TrueAsync(() => server.Child.Output.Contains("closed 4002 done", StringComparison.Ordinal), "the client's close did not arrive");
    }

    private static async Task<string> RunClientAsync(string url, string what, params string[] ca)
    {
        using var workplace = new Workplace();
        var (exitCode, output) = await ChildProcess.RunAsync(Python, [workplace.Write("client.py", Client), url, what, .. ca]);
        exitCode.ShouldBe(0, output);
        return output;
    }

    private static async Task<WebSocketServer> StartServerAsync()
    {
        var server = new WebSocketServer(FreePort.Next());
        await PeerReady.WaitAsync(server.Child, server.Port);
        return server;
    }

    private sealed class WebSocketServer : IAsyncDisposable
    {
        private readonly Workplace _workplace = new();

        public WebSocketServer(int port)
        {
            Port = port;
            Child = new ChildProcess(Python, _workplace.Write("server.py", Server), $"{port}");
        }

        public int Port { get; }

        public string Endpoint => $"127.0.0.1:{Port}";

        public ChildProcess Child { get; }

        public async ValueTask DisposeAsync()
        {
            await Child.DisposeAsync();
            _workplace.Dispose();
        }
    }
}
