// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests.Reactors;

/// <summary>The end of listening: whoever has connected is accepted, whoever comes later is refused, and nobody is reset.</summary>
public sealed class AcceptSourceTests
{
    private const int PatienceMilliseconds = 30_000;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Stop_BeforeTheSocketIsClosed_LetsNobodyConnectInBetween(string address)
    {
        using var listener = Listen(IPAddress.Parse(address), out var bound);
        using var reactor = new Reactor("test", exception => throw exception);
        var source = new Source(reactor, listener.Number);
        using var early = Connect(bound);
        Outcome(early).ShouldBe(Errno.None);

        source.Stop(closes: true);
        using var late = Connect(bound);
        source.Accepted.ShouldBe(1);
        SocketCalls.StopListening(listener.Number);

        Outcome(late).ShouldBe(Errno.ECONNREFUSED);
        source.CloseAccepted();
    }

    [Fact]
    public void Stop_OfASocketThatAnotherProcessGoesOnWith_LeavesItOpen()
    {
        using var listener = Listen(IPAddress.Loopback, out var bound);
        using var reactor = new Reactor("test", exception => throw exception);
        var source = new Source(reactor, listener.Number);

        source.Stop(closes: false);
        using var late = Connect(bound);

        Outcome(late).ShouldBe(Errno.None);
        source.Accepted.ShouldBe(0);
    }

    [Fact]
    public void Connections_ThatCome_DoNotWaitForOtherEvents()
    {
        using var listener = Listen(IPAddress.Loopback, out _);
        using var reactor = new Reactor("test", exception => throw exception);

        new Source(reactor, listener.Number).MayWait.ShouldBeFalse();
    }

    [Fact]
    public void Turns_ThatLeaveConnections_TakeTwiceAsManyEach_AndTheFirstTakesOne()
    {
        using var listener = Listen(IPAddress.Loopback, out var bound);
        using var reactor = new Reactor("test", exception => throw exception);
        var source = new Source(reactor, listener.Number);
        source.Start().Error.ShouldBe(Errno.None);
        var clients = Enumerable.Range(0, 9).Select(_ => Connect(bound)).ToList();
        clients.ForEach(client => Outcome(client).ShouldBe(Errno.None));

        AcceptedByTurns(4).ShouldBe([1, 3, 7, 9]); // the last found nobody more

        clients.AddRange([Connect(bound), Connect(bound)]);
        clients.ForEach(client => Outcome(client).ShouldBe(Errno.None));
        AcceptedByTurns(2).ShouldBe([10, 11]);

        source.CloseAccepted();
        clients.ForEach(client => client.Dispose());

        int[] AcceptedByTurns(int turns) => [.. Enumerable.Range(0, turns).Select(_ =>
        {
            reactor.RunTurn();
            return source.Accepted;
        })];
    }

    [Fact]
    public void Turns_ThatOthersFill_KeepNoConnectionsWaiting()
    {
        using var listener = Listen(IPAddress.Loopback, out var bound, backlog: 64);
        using var reactor = new Reactor("test", exception => throw exception);
        var others = Enumerable.Range(0, 3 * Reactor.MaxEvents).Select(_ => new Ready()).ToList();
        others.ForEach(other => other.Listen(reactor));
        var source = new Source(reactor, listener.Number);
        source.Start().Error.ShouldBe(Errno.None);
        var clients = Enumerable.Range(0, 40).Select(_ => Connect(bound)).ToList();
        clients.ForEach(client => Outcome(client).ShouldBe(Errno.None));

        while (source.Times < 5)
            reactor.RunTurn();

        reactor.Turn.ShouldBeGreaterThan(10, "it is not in every turn");
        source.Accepted.ShouldBe(1 + 2 + 4 + 8 + 16);
        source.CloseAccepted();
        clients.ForEach(client => client.Dispose());
        others.ForEach(other => other.Dispose());
    }

    private static FileDescriptor Listen(IPAddress at, out SocketAddress bound, int backlog = 16)
    {
        var address = SocketAddress.Ip(at, 0);
        var listener = new FileDescriptor(SocketCalls.Create(address).Value);
        SocketCalls.Bind(listener.Number, ref address).Error.ShouldBe(Errno.None);
        SocketCalls.Listen(listener.Number, backlog).Error.ShouldBe(Errno.None);
        bound = SocketCalls.LocalAddress(listener.Number);
        return listener;
    }

    private static FileDescriptor Connect(SocketAddress address)
    {
        var client = new FileDescriptor(SocketCalls.Create(address).Value);
        SocketCalls.Connect(client.Number, ref address).Error.ShouldBeOneOf(Errno.None, Errno.EINPROGRESS);
        return client;
    }

    private static Errno Outcome(FileDescriptor client)
    {
        using var epoll = Epoll.Create();
        Epoll.Add(epoll.Number, client.Number, EpollEvents.Out, 0).Error.ShouldBe(Errno.None);
        Epoll.Wait(epoll.Number, new EpollEvent[1], PatienceMilliseconds).ShouldBe(1);
        return SocketCalls.TakeError(client.Number);
    }

    private sealed class Source(Reactor reactor, int socket) : AcceptSource(reactor, socket, shared: false)
    {
        private readonly List<int> _accepted = [];

        public int Accepted => _accepted.Count;

        public int Times { get; private set; }

        public override void OnEvents(EpollEvents events)
        {
            Times++;
            base.OnEvents(events);
        }

        public void CloseAccepted() => _accepted.ForEach(SocketCalls.Close);

        protected override void OnAccepted(int fd, in SocketAddress peer) => _accepted.Add(fd);

        protected override void OnHeldBack(Errno error)
        {
            // There is room.
        }
    }

    /// <summary>Always ready.</summary>
    private sealed class Ready : EpollSource, IDisposable
    {
        private readonly FileDescriptor _counter = Epoll.CreateEventCounter();

        public void Listen(Reactor reactor)
        {
            Epoll.Signal(_counter.Number);
            reactor.Add(this, _counter.Number, EpollEvents.In).Error.ShouldBe(Errno.None);
        }

        public override void OnEvents(EpollEvents events)
        {
            // It stays so.
        }

        public void Dispose() => _counter.Dispose();
    }
}
