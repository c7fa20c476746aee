// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Tests.Transport;

public sealed class ReactorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Turn_SourceThatThrows_LeavesTheOthersTheirEdges()
    {
        using var reactor = new Reactor("test", _ => { });
        using var first = Epoll.CreateEventCounter();
        using var second = Epoll.CreateEventCounter();
        var sources = new[] { new ThrowingSource(), new ThrowingSource() };
        reactor.Add(sources[0], first.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);
        reactor.Add(sources[1], second.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);
        Epoll.Signal(first.Number);
        Epoll.Signal(second.Number);

        reactor.Start();
        await TurnAsync(reactor);

        sources.ShouldAllBe(source => source.Calls == 1);
        reactor.LoopFailures.ShouldBe(2);
    }

    [Fact]
    public async Task Yielded_ActionThatThrows_LeavesTheOthersToRun()
    {
        using var reactor = new Reactor("test", _ => { });
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Yield(() => throw new InvalidTimeZoneException());
        reactor.Yield(ran.SetResult);

        reactor.Start();
        await ran.Task.WaitAsync(Patience);

        reactor.LoopFailures.ShouldBe(1);
    }

    [Fact]
    public async Task Posted_ActionThatThrows_LeavesTheOthersToRun()
    {
        using var reactor = new Reactor("test", _ => { });
        reactor.Post(() => throw new InvalidTimeZoneException());

        reactor.Start();
        await TurnAsync(reactor);

        reactor.LoopFailures.ShouldBe(1);
    }

    [Fact]
    public async Task Flush_WithOtherEventsInTheTurn_IsSentAfterThemAll()
    {
        using var reactor = new Reactor("test", _ => { });
        var log = new ConcurrentQueue<string>();
        reactor.Start();
        using var first = await ConnectAsync(reactor, "first", log);
        using var second = await ConnectAsync(reactor, "second", log);
        var answer = new byte[8];
        using var limit = new CancellationTokenSource(Patience);

        // Both messages are there before the reactor looks.
        using var entered = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        reactor.Post(() =>
        {
            entered.Set();
            gate.Wait();
        });
        entered.Wait(Patience).ShouldBeTrue();
        await first.SendAsync("ping"u8.ToArray());
        await second.SendAsync("ping"u8.ToArray());
        gate.Set();
        (await first.ReceiveAsync(answer, limit.Token)).ShouldBe(4);
        (await second.ReceiveAsync(answer, limit.Token)).ShouldBe(4);
        await TurnAsync(reactor);
        log.Order().ShouldBe(["first flushed", "first read", "second flushed", "second read"]);
        log.Take(2).ShouldAllBe(step => step.EndsWith(" read", StringComparison.Ordinal));

        // A flush with the turn to itself waits for nothing.
        log.Clear();
        await first.SendAsync("ping"u8.ToArray());
        (await first.ReceiveAsync(answer, limit.Token)).ShouldBe(4);
        await TurnAsync(reactor);
        log.ShouldBe(["first read", "first flushed"]);
    }

    [Fact]
    public async Task Flush_PutOffThenTriedByAnEventInVain_EndsInItsTime()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-reactor-").FullName;
        var path = Path.Combine(folder, "socket");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var reactor = new Reactor("test", _ => { });
        using var counter = Epoll.CreateEventCounter();
        var flushed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously); // The reactor's thread must not come here: it would wait for itself.
        var source = new ActingSource(() => _ = FlushInVainAsync(reactor, SocketAddress.Unix(path)).ContinueWith(task => flushed.SetFromTask(task), TaskScheduler.Default));
        reactor.Add(source, counter.Number, EpollEvents.In | EpollEvents.EdgeTriggered).Error.ShouldBe(Errno.None);
        Epoll.Signal(counter.Number);

        reactor.Start();

        (await flushed.Task.WaitAsync(Patience)).ShouldBeTrue();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Flushes to a peer that takes nothing, and has an event try, too, in the same turn.</summary>
    /// <returns>Whether the flush ended for its time.</returns>
    private static async Task<bool> FlushInVainAsync(Reactor reactor, SocketAddress address)
    {
        var connection = new OutboundConnection(reactor);
        (await connection.ConnectAsync(address, timeoutMilliseconds: 5000)).ShouldBe(Errno.None);
        var block = new byte[64 << 10];
        var sent = SocketCalls.Send(connection.Fd, block);
        while (!sent.IsError)
            sent = SocketCalls.Send(connection.Fd, block);
        sent.Error.ShouldBe(Errno.EAGAIN);
        reactor.DeferFlushes();
        connection.Writer.Guard.Until(reactor.Now + 50);
        connection.Writer.Append("more"u8);
        var flush = connection.Writer.FlushAsync();
        connection.OnEvents(EpollEvents.Out);
        var ended = (await flush).IsCompleted;
        connection.Close();
        return ended && connection.Writer.TimedOut;
    }

    /// <summary>A connection of the reactor that answers each message with the same; returned is its peer.</summary>
    private static async Task<Socket> ConnectAsync(Reactor reactor, string name, ConcurrentQueue<string> log)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var address = SocketAddress.Ip(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndPoint!).Port); // Bound above.
        reactor.Post(() => _ = EchoAsync(new OutboundConnection(reactor), address, name, log));
        return await listener.AcceptAsync();
    }

    private static async Task EchoAsync(OutboundConnection connection, SocketAddress address, string name, ConcurrentQueue<string> log)
    {
        await connection.ConnectAsync(address, timeoutMilliseconds: 5000);
        while (true)
        {
            var read = await connection.Reader.ReadAsync();
            log.Enqueue(name + " read");
            connection.Writer.Append(read.Buffer.FirstSpan);
            connection.Reader.AdvanceTo(read.Buffer.End);
            var ended = read.IsCompleted || (await connection.Writer.FlushAsync()).IsCompleted;
            log.Enqueue(name + " flushed");
            if (!ended)
                continue;
            connection.Close();
            return;
        }
    }

    private static Task TurnAsync(Reactor reactor)
    {
        var turned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Post(turned.SetResult);
        return turned.Task.WaitAsync(Patience);
    }

    private sealed class ActingSource(Action act) : EpollSource
    {
        public override void OnEvents(EpollEvents events) => act();
    }

    private sealed class ThrowingSource : EpollSource
    {
        internal int Calls { get; private set; }

        public override void OnEvents(EpollEvents events)
        {
            Calls++;
            throw new InvalidTimeZoneException();
        }
    }
}
