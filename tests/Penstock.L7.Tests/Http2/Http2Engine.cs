// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L7.Errors;
using Penstock.L7.Runtime;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Http2;

/// <summary>An engine with one listener in front of an origin that a test plays by hand.</summary>
internal sealed class Http2Engine : IAsyncDisposable
{
    /// <summary>For pipes: whoever wants one meets a defect.</summary>
    public const int Defective = -1;

    private readonly Socket _origin = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket? _second;
    private readonly bool _grpcWeb;
    private readonly bool _connect;
    private Worker? _worker;
    private Func<CompiledSnapshot>? _current;
    private long _generation;

    public Http2Engine(Http2Config? http2 = null, ListenerTimeouts? timeouts = null, ListenerLimits? limits = null, Func<ClusterConfig, ClusterConfig>? cluster = null, bool second = false, bool grpcWeb = false, bool connect = false, int pipes = PipePool.MaxKept)
    {
        (_grpcWeb, _connect) = (grpcWeb, connect);
        Engine = new L7Engine(
            NullLoggerFactory.Instance,
            DescriptorShares.OfProcess(),
            store: null,
            (index, current, budget, logger) =>
            {
                _current = current;
                return _worker = new Worker(index, current, budget, logger) { BodyPipes = new PipePool(pipes == Defective ? null! : budget.Share, kept: Math.Abs(pipes), keepsOnly: true) }; // Null is the defect.
            });
        _origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _origin.Listen();
        if (second)
        {
            _second = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _second.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _second.Listen();
        }

        Apply(http2, timeouts, limits, cluster);
    }

    public L7Engine Engine { get; }

    public IPEndPoint Address => IPEndPoint.Parse(Engine.Status().Listeners[0].Bind);

    public void Apply(Http2Config? http2 = null, ListenerTimeouts? timeouts = null, ListenerLimits? limits = null, Func<ClusterConfig, ClusterConfig>? cluster = null)
    {
        SocketEndpoint[] endpoints = _second is null ? [AddressOf(_origin)] : [AddressOf(_origin), AddressOf(_second)];
        var listener = new ListenerConfig
        {
            Name = "http",
            Bind = SocketEndpoint.Ip(IPAddress.Loopback, 0),
            Routes = "main",
            Http2 = http2 ?? new Http2Config(),
            Timeouts = timeouts ?? new ListenerTimeouts(),
            Limits = limits ?? new ListenerLimits(),
            GrpcWeb = _grpcWeb,
        };
        RouteConfig[] tunnels = _connect ? [new RouteConfig { Name = "tunnel", Match = new RouteMatch { Host = "db.example.com" }, To = [new WeightedCluster("a")], Connect = true }] : [];
        var origin = new ClusterConfig { Name = "a", Endpoints = [.. endpoints.Select(endpoint => new EndpointConfig(endpoint))] };
        var config = new ApplianceConfig
        {
            Node = "lb1",
            L7 = new L7Config
            {
                Reactors = 1,
                Listeners = [listener],
                Routes = ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>>.Empty.Add(
                    "main",
                    [
                        new RouteConfig { Name = "fixed", Match = new RouteMatch { PathPrefix = "/fixed" }, Respond = new RespondAction { Status = 200, Body = "hello\n" } },
                        .. tunnels,
                        new RouteConfig { Name = "all", Match = new RouteMatch { PathPrefix = "/" }, To = [new WeightedCluster("a")] },
                    ]),
                Clusters = ImmutableSortedDictionary<string, ClusterConfig>.Empty.Add("a", cluster?.Invoke(origin) ?? origin),
            },
        };
        var ready = new ClusterEndpoints("a", [.. endpoints.Select(endpoint => new Endpoint(endpoint, 1, EndpointState.Ready))]);
        Engine.Apply(new Snapshot(++_generation, config, ImmutableDictionary<string, ClusterEndpoints>.Empty.Add("a", ready)));
    }

    /// <summary>Requests that have ended so.</summary>
    public long CountOf(ProxyError error) => Volatile.Read(ref _worker.ShouldNotBeNull().Counters.Errors[(int)error]);

    /// <summary>Bytes that have gone from socket to socket by splice(2).</summary>
    public long Spliced => _worker.ShouldNotBeNull().Counters.SplicedBytes;

    /// <summary>Bytes of the bodies of requests that were forwarded, and of their responses.</summary>
    public (long Request, long Response) Forwarded => BytesOf(Listener.Match("a"u8, "/a"u8, "GET"u8, out _));

    /// <summary>Bytes that CONNECT's tunnels have carried to the endpoint, and from it.</summary>
    public (long Request, long Response) Tunnelled => BytesOf(Listener.MatchConnect("db.example.com"u8));

    /// <summary>Bytes received and sent on connections of clients that are closed.</summary>
    public (long Received, long Sent) OfClients
    {
        get
        {
            var counters = Listener.Slot.CountersOf(_worker.ShouldNotBeNull().Index);
            return (counters.ReceivedBytes, counters.SentBytes);
        }
    }

    private CompiledListener Listener => Array.Find(_current.ShouldNotBeNull()().Listeners, listener => listener is not null).ShouldNotBeNull();

    /// <summary>A client's connection, past preface and SETTINGS both ways.</summary>
    public FrameClient Connect(params (ushort Id, uint Value)[] settings)
    {
        var client = new FrameClient(Address);
        client.Begin(settings);
        return client;
    }

    /// <summary>A client's connection without HTTP/2.</summary>
    /// <param name="receives">Bytes that its host holds for it; 0: as many as usual.</param>
    public Socket ConnectPlain(int receives = 0)
    {
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        if (receives > 0)
            client.ReceiveBufferSize = receives;
        client.Connect(Address);
        return client;
    }

    /// <summary>The next connection at the origin, which speaks HTTP/2.</summary>
    public FrameClient AcceptStreams(params (ushort Id, uint Value)[] settings) => FrameClient.Serve(Accept(), settings);

    /// <summary>The same at the second origin, which must have been asked for.</summary>
    public FrameClient AcceptSecond(params (ushort Id, uint Value)[] settings) => FrameClient.Serve(Accept(_second!), settings); // As said.

    /// <summary>The next connection at the origin.</summary>
    public Socket Accept() => Accept(_origin);

    /// <summary>Whether somebody connects to the origin.</summary>
    public bool HasConnection() => _origin.Poll(0, SelectMode.SelectRead);

    /// <summary>Has the reactor stand still while something happens: it finds all of that at once.</summary>
    public void WhileHeld(Action action)
    {
        using var held = new ManualResetEventSlim();
        using var over = new ManualResetEventSlim();
        _worker.ShouldNotBeNull().Reactor.Post(() =>
        {
            held.Set();
            over.Wait();
        });
        held.Wait();
        try
        {
            action();
        }
        finally
        {
            over.Set();
        }
    }

    /// <summary>Requests that the reactor counts as in flight.</summary>
    public int InFlight() => Ask(reactor => reactor.InFlight);

    /// <summary>Time until the reactor wakes by itself.</summary>
    public TimeSpan UntilTimer() => TimeSpan.FromMilliseconds(Ask(reactor => reactor.Timers.MillisecondsToNext(reactor.Now)));

    /// <summary>Tells, on the reactor's thread and until it ends, what each turn has spliced.</summary>
    public void EachTurn(Action<long> tell)
    {
        var (reactor, counters) = (_worker.ShouldNotBeNull().Reactor, _worker.Counters);
        long? last = null;
        void Look()
        {
            tell(counters.SplicedBytes - (last ?? counters.SplicedBytes));
            last = counters.SplicedBytes;
            reactor.Yield(Look);
        }

        reactor.Post(() => reactor.Yield(Look));
    }

    /// <summary>Has the reactor do something when what it has to do already is done.</summary>
    public void Post(Action action) => _worker.ShouldNotBeNull().Reactor.Post(action);

    /// <summary>Reads a head.</summary>
    public static string ReadHead(Socket socket)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            socket.Receive(one).ShouldBe(1, $"the connection ends after: {text}");
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    /// <summary>Reads so many bytes.</summary>
    public static string ReadBytes(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var received = socket.Receive(bytes, at, count - at, SocketFlags.None);
            received.ShouldBeGreaterThan(0, "the connection ends early");
            at += received;
        }

        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>Sends text.</summary>
    public static void Send(Socket socket, string text) => socket.Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Has a client that reads nothing ask for much, by stream 1 to <c>/a</c>, and answers until no more is taken.</summary>
    /// <returns>The origin's end of the connection that the answer comes by.</returns>
    public Socket AnswerUntilHeld(FrameClient client)
    {
        client.Send([.. FrameClient.Frame(FrameClient.WindowUpdate, 0, 0, FrameClient.Number(1 << 30)), .. FrameClient.Request(1, "/a")]);
        var origin = Accept();
        ReadHead(origin);
        Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);
        return origin;
    }

    /// <summary>Sends until nothing is taken for a second.</summary>
    /// <returns>Bytes sent.</returns>
    public static long SendUntilHeld(Socket socket, long most)
    {
        socket.Blocking = false;
        var buffer = new byte[65536];
        long sent = 0;
        while (sent < most && socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite))
        {
            var count = socket.Send(buffer, SocketFlags.None, out var error);
            if (error == SocketError.Success)
                sent += count;
        }

        return sent;
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _origin.Dispose();
        _second?.Dispose();
    }

    private int Ask(Func<Reactor, int> question)
    {
        var reactor = _worker.ShouldNotBeNull().Reactor;
        using var answered = new ManualResetEventSlim();
        var answer = -1;
        reactor.Post(() =>
        {
            answer = question(reactor);
            answered.Set();
        });
        answered.Wait();
        return answer;
    }

    private static (long Request, long Response) BytesOf(CompiledRoute? route)
    {
        var cell = route.ShouldNotBeNull().Series[0].Cells[0];
        return (cell.RequestBytes, cell.ResponseBytes);
    }

    private static SocketEndpoint AddressOf(Socket listening)
    {
        var address = (IPEndPoint)listening.LocalEndPoint!; // Bound.
        return SocketEndpoint.Ip(address.Address, address.Port);
    }

    private static Socket Accept(Socket listening)
    {
        listening.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead).ShouldBeTrue("nothing connects to the origin");
        var accepted = listening.Accept();
        accepted.NoDelay = true;
        accepted.ReceiveTimeout = 30_000;
        return accepted;
    }
}
