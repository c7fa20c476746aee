// SPDX-License-Identifier: Apache-2.0
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L4.Userspace;
using Penstock.Linux;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Userspace;

public sealed class UserspaceEngineTests : IDisposable
{
    private readonly Loopback _loopback = new();

    public void Dispose() => _loopback.Dispose();

    [Fact]
    public async Task Apply_ManyTimesUnderLoad_LosesNoConnection()
    {
        TcpServer[] servers = [TcpServer.Echo(_loopback), TcpServer.Echo(_loopback), TcpServer.Echo(_loopback)];
        var all = servers.Select(server => Loopback.Ready(server.At)).ToArray();
        _loopback.Apply((_loopback.Service(), all));
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var served = 0;
            while (!over.IsCancellationRequested)
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(_loopback.At).WaitAsync(Loopback.Patience);
                await TcpServer.WhoAsync(client);
                await client.SendAsync(new byte[1000]);
                await TcpServer.ReadAsync(client, new byte[1000]);
                served++;
            }

            return served;
        })).ToArray();

        for (var i = 0; i < 60; i++)
        {
            await Task.Delay(10);
            var drained = all.Select((backend, at) => at == i % 3 ? backend with { State = Model.EndpointState.Drain } : backend).ToArray();
            if (i % 2 == 0)
                _loopback.Apply((_loopback.Service(), drained), (_loopback.Service("other", port: Loopback.Port + 1), all));
            else
                _loopback.Apply((_loopback.Service() with { TableSize = 257 }, all));
        }

        await over.CancelAsync();
        (await Task.WhenAll(load).WaitAsync(Loopback.Patience)).Sum().ShouldBeGreaterThan(60);
        _loopback.Engine.Status().Drops.ShouldBeEmpty();
    }

    [Fact]
    public void Apply_SecondThreadCannotStart_LeavesNothingOfTheFirst()
    {
        var threads = new List<Thread>();
        using var ran = new ManualResetEventSlim();
        using var engine = new UserspaceEngine(NullLoggerFactory.Instance, TimeProvider.System, DescriptorShares.OfProcess(), ListenerStore.None(), (index, connections, datagrams, logger) =>
        {
            if (index > 0)
            {
                ran.Wait(Loopback.Patience).ShouldBeTrue();
                throw new Win32Exception(24, "epoll_create1");
            }

            var worker = new RelayWorker(index, connections, datagrams, logger);
            worker.Reactor.Post(() =>
            {
                threads.Add(Thread.CurrentThread);
                ran.Set();
            });
            return worker;
        });
        var snapshot = _loopback.Snapshot((_loopback.Service(), []));
        snapshot = snapshot with { Config = snapshot.Config with { L7 = new() { Reactors = 2 } } };

        Should.Throw<L4ApplyException>(() => engine.Apply(snapshot)).Message.ShouldBe("l4: engine userspace can't start a thread for each of 2 cores: epoll_create1");

        threads.Single().IsAlive.ShouldBeFalse();
        engine.Status().Services.ShouldBeEmpty();
    }

    [Fact]
    public void Apply_ThatFails_LeavesTheSocketsOfTheProcessBeforeToWhatIsAppliedInstead()
    {
        var kept = new List<FileDescriptor>();
        using var keeping = new ListenerStore([], sockets => kept.AddRange(sockets.Select(socket => new FileDescriptor(FileDescriptor.Duplicate(socket.Number)))));
        using (var first = new UserspaceEngine(NullLoggerFactory.Instance, TimeProvider.System, DescriptorShares.OfProcess(), keeping))
            first.Apply(_loopback.Snapshot((_loopback.Service(), [])));
        using var other = new TcpListener(_loopback.Vip, Loopback.Port + 1);
        other.Start();
        using var store = new ListenerStore(kept, keep: null);
        using var engine = new UserspaceEngine(NullLoggerFactory.Instance, TimeProvider.System, DescriptorShares.OfProcess(), store);
        Should.Throw<L4ApplyException>(() => engine.Apply(_loopback.Snapshot((_loopback.Service(), []), (_loopback.Service("other", port: Loopback.Port + 1), [])))).Message.ShouldEndWith("the address is in use");
        store.Left.ShouldBe(kept.Count);

        engine.Apply(_loopback.Snapshot((_loopback.Service(), [])));

        store.Left.ShouldBe(0);
    }

    [Fact]
    public async Task Drain_ConnectionOpen_WaitsForItAndTakesNoOther()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await TcpServer.WhoAsync(client);

        var drained = Task.Run(() => _loopback.Engine.DrainAsync(Loopback.Patience));
        await Loopback.UntilAsync(() => _loopback.Engine.Status().Warnings.Contains("stopping: no new connections of services are taken, 1 are still open"));
        _loopback.Apply(Loopback.Ready(server.At), Loopback.Ready(new IPEndPoint(_loopback.NewAddress(), 9090), Model.EndpointState.Down)); // as health checks may
        (await Should.ThrowAsync<SocketException>(() => _loopback.ConnectAsync())).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        await client.SendAsync(new byte[100]);
        await TcpServer.ReadAsync(client, new byte[100]);
        drained.IsCompleted.ShouldBeFalse();
        client.Shutdown(SocketShutdown.Send);
        (await client.ReceiveAsync(new byte[1]).WaitAsync(Loopback.Patience)).ShouldBe(0);

        (await drained.WaitAsync(Loopback.Patience)).ShouldBe(0);
    }

    [Fact]
    public async Task Drain_TimeIsOver_SaysHowManyAreLeft()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        for (var i = 0; i < 3; i++)
            await TcpServer.WhoAsync(await _loopback.ConnectAsync());

        (await Task.Run(() => _loopback.Engine.DrainAsync(TimeSpan.FromMilliseconds(50))).WaitAsync(Loopback.Patience)).ShouldBe(3);
    }

    [Fact]
    public async Task ResetConnections_EndsThoseThatAreOpen_AndTakesOthers()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await TcpServer.WhoAsync(client);

        _loopback.Engine.ResetConnections();

        (await Should.ThrowAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).WaitAsync(Loopback.Patience))).SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
        await TcpServer.WhoAsync(await _loopback.ConnectAsync());
    }

    [Fact]
    public async Task Drain_UdpService_GoesOnMeanwhile()
    {
        var (server, datagrams) = (TcpServer.Echo(_loopback), UdpServer.Start(_loopback));
        _loopback.Apply((_loopback.Service(), [Loopback.Ready(server.At)]), (_loopback.Service("u", TransportProtocol.Udp), [Loopback.Ready(datagrams.At)]));
        await TcpServer.WhoAsync(await _loopback.ConnectAsync());
        var drained = Task.Run(() => _loopback.Engine.DrainAsync(Loopback.Patience));
        await Loopback.UntilAsync(() => !_loopback.Engine.Status().Warnings.IsEmpty);

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(_loopback.At);
        await client.SendAsync(new byte[1]);
        (await client.ReceiveAsync(new byte[100]).WaitAsync(Loopback.Patience)).ShouldBe(7); // address, port and the datagram
        drained.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Apply_AddressInUse_IsRefusedAndWhatRanRunsOn()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(_loopback.Vip, Loopback.Port + 2));
        other.Listen();

        Should.Throw<L4ApplyException>(() => _loopback.Apply(
            (_loopback.Service("new", port: Loopback.Port + 1), [Loopback.Ready(server.At)]), (_loopback.Service("taken", port: Loopback.Port + 2), [])))
            .Message.ShouldBe($"l4: cannot listen at tcp://{_loopback.Vip}:{Loopback.Port + 2}: the address is in use");

        (await TcpServer.WhoAsync(await _loopback.ConnectAsync())).ShouldBe(server.At.Address);
        await Should.ThrowAsync<SocketException>(() => _loopback.ConnectAsync(Loopback.Port + 1));
        _loopback.Engine.Status().Services.Single().Name.ShouldBe("s");
    }

    [Fact]
    public async Task Apply_ServiceGoes_ClosesItsListenerAndLetsConnectionsFinish()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await TcpServer.WhoAsync(client);

        _loopback.Apply(services: []);

        await Should.ThrowAsync<SocketException>(() => _loopback.ConnectAsync());
        await client.SendAsync(new byte[] { 1 });
        await TcpServer.ReadAsync(client, new byte[1]);

        _loopback.Apply(Loopback.Ready(server.At)); // The address is free at once.
        await TcpServer.WhoAsync(await _loopback.ConnectAsync());
    }

    [Fact]
    public async Task Retire_WithAConnection_LetsItFinish()
    {
        var server = TcpServer.Echo(_loopback);
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await TcpServer.WhoAsync(client);

        _loopback.Apply(services: []);
        _loopback.Engine.Retire();

        await client.SendAsync(new byte[] { 1 });
        await TcpServer.ReadAsync(client, new byte[1]);
        client.Shutdown(SocketShutdown.Send);
        (await client.ReceiveAsync(new byte[1]).WaitAsync(Loopback.Patience)).ShouldBe(0);
    }

    [Fact]
    public async Task Service_OfARangeOfPorts_KeepsThePortWhereTheBackendHasNone()
    {
        var server = TcpServer.Echo(_loopback); // at port 9090
        var range = _loopback.Service() with { Listen = new ServiceAddress(TransportProtocol.Tcp, _loopback.Vip, 9088, 9092) };
        _loopback.Apply((range, [new BackendStatus(new BackendConfig { Address = server.At.Address }, Model.EndpointState.Ready)]));

        (await TcpServer.WhoAsync(await _loopback.ConnectAsync(9090))).ShouldBe(server.At.Address);
        await Should.ThrowAsync<SocketException>(async () => await TcpServer.WhoAsync(await _loopback.ConnectAsync(9091)));
    }

    [Fact]
    public async Task Explain_NewFlowThenOpenOne_SaysTheSlotThenTheFlow()
    {
        TcpServer[] servers = [TcpServer.Echo(_loopback), TcpServer.Echo(_loopback)];
        _loopback.Apply([.. servers.Select(server => Loopback.Ready(server.At))]);
        var client = await _loopback.ConnectAsync();
        var backend = await TcpServer.WhoAsync(client);
        var from = (IPEndPoint)client.LocalEndPoint!; // connected

        var open = _loopback.Engine.Explain(from, _loopback.At, TransportProtocol.Tcp).ShouldNotBeNull();
        var fresh = _loopback.Engine.Explain(IPEndPoint.Parse("198.51.100.7:40000"), _loopback.At, TransportProtocol.Tcp).ShouldNotBeNull();

        (open.Service, open.Backend, open.Why, open.Becomes).ShouldBe(("s", $"{backend}:9090", "its flow is open", $"relayed by this process to {backend}:9090"));
        fresh.Why.ShouldMatch("^slot [0-9]+ of 251 of its Maglev table, by the flow; no flow is open$");
        _loopback.Engine.Explain(from, new IPEndPoint(_loopback.Vip, 1), TransportProtocol.Tcp).ShouldNotBeNull().Service.ShouldBe("");
        client.Close();
        await Loopback.UntilAsync(() => _loopback.Engine.Explain(from, _loopback.At, TransportProtocol.Tcp)!.Why.StartsWith("slot", StringComparison.Ordinal)); // services run
        _loopback.Engine.Explain(from, _loopback.At, TransportProtocol.Tcp)!.Backend.ShouldBe($"{backend}:9090"); // as chosen for the connection
    }
}
