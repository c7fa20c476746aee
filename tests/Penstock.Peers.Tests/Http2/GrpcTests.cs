// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Peers.Tests.Harness;
using Penstock.Peers.Tests.Tls;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Http2;

/// <summary>A real client and real servers of gRPC (Debian's python3-grpcio) on either side.</summary>
public sealed class GrpcTests
{
    private const string Python = "/usr/bin/python3"; // Debian's, whose the module is.

    private const string Server = """
        import grpc, os, sys, threading
        from concurrent import futures

        name = sys.argv[1].encode()

        def unary(request, context):
            if request == b"fail":
                context.abort(grpc.StatusCode.NOT_FOUND, "none: 50%")
            context.set_trailing_metadata((("x-sum", str(len(request))), ("x-raw-bin", b"\x00\xff")))
            return name if request == b"name" else request

        def many(request, context):
            for i in range(int(request)):
                yield b"%d" % i

        def total(requests, context):
            return b"%d" % sum(len(request) for request in requests)

        def talk(requests, context):
            for request in requests:
                if request == b"die":
                    os._exit(1)
                yield request

        def hang(request, context):
            ended = threading.Event()
            context.add_callback(ended.set)
            yield b"begun"
            ended.wait()
            print("ended early", flush=True)

        health = {b"\x0a\x09test.Echo": b"\x08\x01"}

        def turn(request, context):
            health[b"\x0a\x09test.Echo"] = request
            return b""

        def check(request, context):
            if request not in health:
                context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return health[request]

        handlers = {
            "Turn": grpc.unary_unary_rpc_method_handler(turn),
            "Unary": grpc.unary_unary_rpc_method_handler(unary),
            "Many": grpc.unary_stream_rpc_method_handler(many),
            "Total": grpc.stream_unary_rpc_method_handler(total),
            "Talk": grpc.stream_stream_rpc_method_handler(talk),
            "Hang": grpc.unary_stream_rpc_method_handler(hang),
        }
        server = grpc.server(futures.ThreadPoolExecutor(16))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}),))
        server.add_insecure_port("127.0.0.1:" + sys.argv[1])
        server.start()
        server.wait_for_termination()
        """;

    private const string Client = """
        import grpc, queue, sys, time

        def channel_to(target, ca=None):
            options = [("grpc.enable_http_proxy", 0)]
            if not ca:
                return grpc.insecure_channel(target, options)
            credentials = grpc.ssl_channel_credentials(open(ca, "rb").read())
            return grpc.secure_channel(target, credentials, options + [("grpc.ssl_target_name_override", "shop.test")])

        channel = channel_to(*sys.argv[2].split("#"))
        unary = channel.unary_unary("/test.Echo/Unary")
        many = channel.unary_stream("/test.Echo/Many")
        total = channel.stream_unary("/test.Echo/Total")
        talk = channel.stream_stream("/test.Echo/Talk")
        hang = channel.unary_stream("/test.Echo/Hang")

        def say(what, code, *details):
            print(what, code.name, *details, flush=True)

        def conversation(words):
            said = queue.Queue()
            answers = talk(iter(said.get, None), timeout=60)
            for word in words:
                said.put(word)
                yield next(answers)
            said.put(None)
            yield list(answers)

        def kinds():
            answer, call = unary.with_call(b"hello", timeout=60)
            say("unary", call.code(), [answer, *sorted((key, value) for key, value in call.trailing_metadata())])
            large = bytes(range(256)) * 12000
            print("large", unary(large, timeout=60) == large)
            print("many", list(many(b"2000", timeout=60)) == [b"%d" % i for i in range(2000)])
            print("total", total((b"x" * 1000 for i in range(1000)), timeout=60))
            words = [b"%d" % i for i in range(100)]
            print("talk", list(conversation(words)) == words + [[]])
            try:
                unary(b"fail", timeout=60)
            except grpc.RpcError as error:
                say("fail", error.code(), error.details())
            try:
                channel.unary_unary("/test.Echo/Other")(b"", timeout=60)
            except grpc.RpcError as error:
                say("other", error.code())

        def cancel():
            call = hang(b"", timeout=60)
            print(next(call))
            call.cancel()
            say("cancel", call.code())

        def deadline():
            call = hang(b"", timeout=1)
            try:
                print(list(call))
            except grpc.RpcError as error:
                say("deadline", error.code())

        def die():
            try:
                for answer in conversation([b"hello", b"die"]):
                    print(answer)
            except grpc.RpcError as error:
                say("die", error.code(), error.details())

        def ask():
            try:
                say("ask", grpc.StatusCode.OK, unary(b"name", timeout=60))
            except grpc.RpcError as error:
                say("ask", error.code(), error.details())

        def names():
            print("names", sorted({unary(b"name", timeout=60).decode() for i in range(100)}))

        def until(wanted):
            for attempt in range(600):
                try:
                    code = unary.with_call(b"name", timeout=60)[1].code()
                except grpc.RpcError as error:
                    code = error.code()
                if code == wanted:
                    break
                time.sleep(0.05)
            say("until", code)

        def health():
            turn = grpc.insecure_channel(sys.argv[3], [("grpc.enable_http_proxy", 0)]).unary_unary("/test.Echo/Turn")
            until(grpc.StatusCode.OK)
            turn(b"\x08\x02", timeout=60)
            until(grpc.StatusCode.UNAVAILABLE)
            turn(b"\x08\x01", timeout=60)
            until(grpc.StatusCode.OK)

        globals()[sys.argv[1]]()
        """;

    private const string KindsAnswered = """
        unary OK [b'hello', ('x-raw-bin', b'\x00\xff'), ('x-sum', '5')]
        large True
        many True
        total b'1000000'
        talk True
        fail NOT_FOUND none: 50%
        other UNIMPLEMENTED

        """;

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Calls_OfEveryKind_ComeThrough()
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(server.Port));

        (await CallAsync(workplace, penstock, "kinds")).ShouldBe(KindsAnswered);
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Calls_OfEveryKindOverTls_ComeThrough()
    {
        using var workplace = new Workplace();
        using var site = new TlsSite();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(site.Config([$"127.0.0.1:{server.Port}"]) with { Cluster = ["protocol: h2"] });

        (await CallAsync(workplace, $"127.0.0.1:{penstock.Port}#{site.CaFile}", "kinds")).ShouldBe(KindsAnswered);
    }

    [PeerFact("python3", "nginx", PythonModule = "grpc")]
    public async Task Calls_OfEveryKindThroughNginxInFront_ComeThrough()
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(server.Port));
        await using var nginx = await NginxServer.StreamFrontAsync(penstock.Port);

        (await CallAsync(workplace, nginx.Endpoint, "kinds")).ShouldBe(KindsAnswered);
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public Task Client_ThatCancels_EndsTheCallAtTheServer() => EndEarlyAsync("cancel", "b'begun'\ncancel CANCELLED");

    [PeerFact("python3", PythonModule = "grpc")]
    public Task Deadline_EndsTheCallAtTheServer() => EndEarlyAsync("deadline", "deadline DEADLINE_EXCEEDED");

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Server_ThatDiesInACall_IsUnavailable()
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(server.Port));

        (await CallAsync(workplace, penstock, "die")).ShouldBe(
            "b'hello'\ndie UNAVAILABLE http_response_incomplete: The endpoint closed the connection in the middle of its response.\n");
        (await CallAsync(workplace, penstock, "ask")).ShouldBe("ask UNAVAILABLE connection_refused: The endpoint refused the connection.\n");
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Calls_OfOneConnection_AreBalancedOneByOne()
    {
        using var workplace = new Workplace();
        await using var first = await ServeAsync(workplace);
        await using var second = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(first.Port, second.Port));

        string[] names = [$"'{first.Port}'", $"'{second.Port}'"];
        (await CallAsync(workplace, penstock, "names")).ShouldBe($"names [{string.Join(", ", names.Order(StringComparer.Ordinal))}]\n");
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Call_WithoutARoute_IsUnimplemented()
    {
        using var workplace = new Workplace();
        await using var penstock = await PenstockProcess.StartAsync(Config(1) with { Routes = ["- {match: {path_prefix: /other}, to: [{cluster: main}]}"] });

        (await CallAsync(workplace, penstock, "ask")).ShouldBe("ask UNIMPLEMENTED no_route: No route matches.\n");
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task HealthCheck_ByGrpc_TakesTheServerOutAndIn()
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(
            Config(server.Port) with { Cluster = ["protocol: h2", "health: {type: grpc, service: test.Echo, interval: 100ms, timeout: 1s, rise: 1, fall: 2}"] });

        (await CallAsync(workplace, penstock, "health", $"127.0.0.1:{server.Port}")).ShouldBe("until OK\nuntil UNAVAILABLE\nuntil OK\n");
    }

    [PeerFact("python3", PythonModule = "grpc")]
    public async Task Calls_OfGrpcWeb_AreTranslated()
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(server.Port) with { Listener = ["grpc_web: true"] });

        var answer = await WebAsync(penstock, "application/grpc-web+proto", "\0\0\0\0\u0004name");
        answer.Value("Content-Type").ShouldBe("application/grpc-web+proto");
        answer.Text.ShouldStartWith($"\0\0\0\0\u0005{server.Port}\u0080\0\0\0");
        answer.Text.ShouldContain("grpc-status: 0\r\n");
        answer.Text.ShouldContain("x-sum: 4\r\n");

        var text = await WebAsync(penstock, "application/grpc-web-text", "AAAAAARmYWls"); // fail
        text.Value("Content-Type").ShouldBe("application/grpc-web-text");
        string.Concat(text.Text.Chunk(4).Select(group => Encoding.Latin1.GetString(Convert.FromBase64CharArray(group, 0, group.Length)))).ShouldContain("grpc-message: none: 50%25\r\n");
    }

    private static Task<WireMessage> WebAsync(PenstockProcess penstock, string type, string content) =>
        RawClient.AskAsync(penstock.Port, $"POST /test.Echo/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: {type}\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n{content}");

    private static async Task EndEarlyAsync(string what, string expected)
    {
        using var workplace = new Workplace();
        await using var server = await ServeAsync(workplace);
        await using var penstock = await PenstockProcess.StartAsync(Config(server.Port));

        (await CallAsync(workplace, penstock, what)).Trim().ShouldEndWith(expected);
        await Eventually.TrueAsync(() => Task.FromResult(server.Child.Output.Contains("ended early", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), () => server.Child.Output);
    }

    private static ProxyConfig Config(params int[] ports) => new() { Endpoints = [.. ports.Select(port => $"127.0.0.1:{port}")], Cluster = ["protocol: h2"] };

    private static async Task<GrpcServer> ServeAsync(Workplace workplace)
    {
        var port = FreePort.Next();
        var server = new GrpcServer(port, new ChildProcess(Python, workplace.Write("server.py", Server), $"{port}"));
        await PeerReady.WaitAsync(server.Child, port);
        return server;
    }

    private static Task<string> CallAsync(Workplace workplace, PenstockProcess penstock, string what, params string[] more) => CallAsync(workplace, $"127.0.0.1:{penstock.Port}", what, more);

    // To ADDRESS, or by TLS to ADDRESS#CA.
    private static async Task<string> CallAsync(Workplace workplace, string target, string what, params string[] more)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(Python, [workplace.Write("client.py", Client), what, target, .. more]);
        exitCode.ShouldBe(0, output);
        return output;
    }

    private sealed record GrpcServer(int Port, ChildProcess Child) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Child.DisposeAsync();
    }
}
