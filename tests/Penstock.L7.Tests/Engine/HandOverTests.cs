// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Engine;

/// <summary>Listening sockets go from one process to the next, by way of somebody who keeps them; here, of this test.</summary>
public sealed class HandOverTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly SocketEndpoint _bind = SocketEndpoint.Ip(IPAddress.Parse("127.7.7.3"), FreePort.Next());
    private readonly List<FileDescriptor> _kept = [];
    private long _generation;

    public void Dispose()
    {
        _kept.ForEach(socket => socket.Dispose());
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(4, 1)]
    [InlineData(1, 3)]
    public async Task WhoConnectsBetweenTwoProcesses_IsServedByTheNext(int before, int after)
    {
        await using (var first = Engine())
        {
            first.Apply(Listening(before, _bind));
            using var earlier = Ask(_bind);
            Answer(earlier).ShouldStartWith("HTTP/1.1 200");
            earlier.Dispose();
            (await first.DrainAsync(s_patience, keepsListening: true)).ShouldBe(0);
        }

        var clients = Enumerable.Range(0, 40).Select(_ => Ask(_bind)).ToList();
        var store = Store();
        store.Left.ShouldBe(before);
        await using var next = Engine(store);
        next.Apply(Listening(after, _bind));

        clients.ForEach(client => Answer(client).ShouldStartWith("HTTP/1.1 200"));
        clients.ForEach(client => client.Dispose());
        store.Left.ShouldBe(0);
        _kept.Count.ShouldBe(Math.Max(before, after), "each is given to who keeps them once");
    }

    [Fact]
    public async Task UnixSocket_GoesOn_WithItsFile()
    {
        var bind = SocketEndpoint.Unix(Path.Combine(_folder.FullName, "web.sock"));
        await using (var first = Engine())
        {
            first.Apply(Listening(2, bind));
            (await first.DrainAsync(s_patience, keepsListening: true)).ShouldBe(0);
        }

        using var client = Ask(bind);
        await using var next = Engine(Store());
        next.Apply(Listening(2, bind));

        Answer(client).ShouldStartWith("HTTP/1.1 200");
        client.Dispose();
        await next.DrainAsync(s_patience);
        File.Exists(bind.UnixPath).ShouldBeFalse();
    }

    [Fact]
    public async Task UnixSocketWithoutItsFile_IsOpenedAnew()
    {
        var bind = SocketEndpoint.Unix(Path.Combine(_folder.FullName, "web.sock"));
        await using (var first = Engine())
        {
            first.Apply(Listening(1, bind));
            await first.DrainAsync(s_patience, keepsListening: true);
        }

        File.Delete(bind.UnixPath!); // It is one.
        await using var next = Engine(Store());
        next.Apply(Listening(1, bind));

        using var client = Ask(bind);
        Answer(client).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task Stop_RefusesClients_WhoeverKeepsTheSockets()
    {
        await using var engine = Engine();
        engine.Apply(Listening(2, _bind));

        await engine.DrainAsync(s_patience);

        _kept.Count.ShouldBe(2);
        Refuses(_bind);
    }

    [Fact]
    public async Task ListenerRemovedByAReload_RefusesClients_WhoeverKeepsItsSockets()
    {
        await using var engine = Engine();
        engine.Apply(Listening(2, _bind));

        engine.Apply(Listening(2));

        Refuses(_bind);
    }

    [Fact]
    public async Task WhatTheNextConfigurationDoesNotListenAt_IsClosed()
    {
        await using (var first = Engine())
        {
            first.Apply(Listening(2, _bind));
            await first.DrainAsync(s_patience, keepsListening: true);
        }

        var store = Store();
        store.CloseAllBut(L7Engine.Addresses(Listening(1, _bind).Config.L7)).ShouldBe(0);
        store.CloseAllBut(L7Engine.Addresses(Listening(1).Config.L7)).ShouldBe(2);

        Refuses(_bind);
    }

    [Fact]
    public async Task UnixListenerThatIsRemoved_IsRefused_AndCanBeAddedAgain()
    {
        var bind = SocketEndpoint.Unix(Path.Combine(_folder.FullName, "web.sock"));
        await using var engine = Engine();
        engine.Apply(Listening(2, bind));
        using var dead = _kept.Single();

        engine.Apply(Listening(2));
        await UntilAsync(() => !File.Exists(bind.UnixPath));
        engine.Apply(Listening(2, bind));

        using var client = Ask(bind);
        Answer(client).ShouldStartWith("HTTP/1.1 200");
        using var epoll = Epoll.Create();
        Epoll.Add(epoll.Number, dead.Number, EpollEvents.In, 1).IsError.ShouldBeFalse();
        var events = new EpollEvent[1];
        Epoll.Wait(epoll.Number, events, 0).ShouldBe(1);
        events[0].Events.HasFlag(EpollEvents.HangUp).ShouldBeTrue("who keeps it lets go of it then");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task StartThatFails_LeavesTheSocketsToTheNext(int reactors)
    {
        using var other = new Socket(SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var taken = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)other.LocalEndPoint!).Port); // Bound.
        await using (var first = Engine())
        {
            first.Apply(Listening(reactors, _bind));
            await first.DrainAsync(s_patience, keepsListening: true);
        }

        await using (var failed = Engine(Store()))
            Should.Throw<L7ApplyException>(() => failed.Apply(Listening(reactors, _bind, taken))).Message.ShouldEndWith("in use");
        using var client = Ask(_bind);
        await using var next = Engine(Store());
        next.Apply(Listening(reactors, _bind));

        Answer(client).ShouldStartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ApplyThatFails_LeavesTheSocketsToWhatIsAppliedInstead(int reactors)
    {
        using var other = new Socket(SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var taken = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)other.LocalEndPoint!).Port); // Bound.
        await using (var first = Engine())
        {
            first.Apply(Listening(reactors, _bind));
            await first.DrainAsync(s_patience, keepsListening: true);
        }

        using var client = Ask(_bind);
        using var store = Store();
        await using var engine = Engine(store);
        Should.Throw<L7ApplyException>(() => engine.Apply(Listening(reactors, _bind, taken))).Message.ShouldEndWith("in use");
        store.Left.ShouldBe(reactors);

        engine.Apply(Listening(reactors, _bind));

        Answer(client).ShouldStartWith("HTTP/1.1 200");
        store.Left.ShouldBe(0);
    }

    [Fact]
    public async Task StartThatIsRefused_LeavesNobodyWaiting()
    {
        using var other = new Socket(SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var taken = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)other.LocalEndPoint!).Port); // Bound.
        await using (var first = Engine())
        {
            first.Apply(Listening(2, _bind));
            await first.DrainAsync(s_patience, keepsListening: true);
        }

        using var store = Store();
        await using (var engine = Engine(store))
            Should.Throw<L7ApplyException>(() => engine.Apply(Listening(2, _bind, taken)));

        store.CloseAllBut([]).ShouldBe(2);

        Refuses(_bind);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var begun = Environment.TickCount64;
        while (!isSo())
        {
            (Environment.TickCount64 - begun).ShouldBeLessThan((long)s_patience.TotalMilliseconds);
            await Task.Delay(10);
        }
    }

    private static Socket Ask(SocketEndpoint at)
    {
        var client = Connect(at);
        client.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8);
        return client;
    }

    private static Socket Connect(SocketEndpoint at)
    {
        EndPoint to = at.UnixPath is { } path ? new UnixDomainSocketEndPoint(path) : new IPEndPoint(at.Address!, at.Port); // One of the two.
        var client = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
        client.Connect(to);
        return client;
    }

    private static string Answer(Socket client)
    {
        var buffer = new byte[1024];
        return Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer));
    }

    private static void Refuses(SocketEndpoint at)
    {
        var begun = Environment.TickCount64;
        while (true)
        {
            try
            {
                Connect(at).Dispose();
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                // It met a listener that was just being closed.
            }

            (Environment.TickCount64 - begun).ShouldBeLessThan((long)s_patience.TotalMilliseconds, "somebody listens");
            Thread.Sleep(10);
        }
    }

    private ListenerStore Store() => new(
        _kept.ConvertAll(socket => new FileDescriptor(FileDescriptor.Duplicate(socket.Number))),
        sockets => _kept.AddRange(sockets.Select(socket => new FileDescriptor(FileDescriptor.Duplicate(socket.Number)))));

    private L7Engine Engine(ListenerStore? store = null) => new(NullLoggerFactory.Instance, DescriptorShares.OfProcess(), store ?? Store());

    private Snapshot Listening(int reactors, params SocketEndpoint[] binds)
    {
        var config = new ApplianceConfig
        {
            Node = "lb1",
            L7 = new L7Config
            {
                Reactors = reactors,
                Listeners = [.. binds.Select((bind, i) => new ListenerConfig { Name = $"l{i}", Bind = bind, Routes = "main" })],
                Routes = ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>>.Empty.Add(
                    "main", [new RouteConfig { Name = "all", Match = new RouteMatch { PathPrefix = "/" }, Respond = new RespondAction { Status = 200, Body = "hello\n" } }]),
            },
        };
        return new Snapshot(++_generation, config, ImmutableDictionary<string, ClusterEndpoints>.Empty);
    }
}
