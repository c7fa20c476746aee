// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Userspace;

public sealed class TcpRelayTests : IDisposable
{
    private readonly Loopback _loopback = new();

    public void Dispose() => _loopback.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_HundredMegabytesBothWaysAtOnce_ArriveAsTheyWereSent(bool pipes)
    {
        const int Bytes = 100_000_000;
        using var loopback = new Loopback(pipes: pipes);
        var server = TcpServer.Echo(loopback);
        loopback.Apply(Loopback.Ready(server.At));
        var client = await loopback.ConnectAsync();
        await TcpServer.WhoAsync(client);
        var data = new byte[Bytes];
        new Random(1).NextBytes(data);

        var sending = Task.Run(async () =>
        {
            await TcpServer.SendAllAsync(client, data);
            client.Shutdown(SocketShutdown.Send);
        });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        var total = 0L;
        while (await client.ReceiveAsync(buffer).WaitAsync(Loopback.Patience) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            total += count;
        }

        await sending.WaitAsync(Loopback.Patience);
        total.ShouldBe(Bytes);
        hash.GetHashAndReset().ShouldBe(SHA256.HashData(data));
        var counters = loopback.Counters(server.At);
        (counters.Connections, counters.Bytes, counters.ReturnBytes).ShouldBe((1, Bytes, Bytes + 4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_PeerThatDoesNotReadForAWhile_LosesNothing(bool pipes)
    {
        const int Bytes = 30_000_000;
        using var loopback = new Loopback(pipes: pipes);
        var mayRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var got = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = loopback.Own(new TcpServer(loopback.NewAddress(), async socket =>
        {
            await mayRead.Task;
            var all = new byte[Bytes];
            await TcpServer.ReadAsync(socket, all);
            got.SetResult(SHA256.HashData(all));
        }));
        loopback.Apply(Loopback.Ready(server.At));
        var client = await loopback.ConnectAsync();
        var data = new byte[Bytes];
        new Random(2).NextBytes(data);

        var sending = Task.Run(() => TcpServer.SendAllAsync(client, data));
        var before = -1L;
        while (before != (before = loopback.Counters(server.At).Bytes))
            await Task.Delay(200);
        sending.IsCompleted.ShouldBeFalse();
        mayRead.SetResult();

        (await got.Task.WaitAsync(Loopback.Patience)).ShouldBe(SHA256.HashData(data));
        await sending.WaitAsync(Loopback.Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_ClientEndsItsHalf_StillGetsTheAnswer(bool pipes)
    {
        using var loopback = new Loopback(pipes: pipes);
        var server = loopback.Own(new TcpServer(loopback.NewAddress(), async socket =>
        {
            var (sum, buffer) = (0, new byte[100]);
            while (await socket.ReceiveAsync(buffer) is > 0 and var count)
                sum += count;
            await socket.SendAsync(BitConverter.GetBytes(sum));
        }));
        loopback.Apply(Loopback.Ready(server.At));
        var client = await loopback.ConnectAsync();

        await client.SendAsync(new byte[1234]);
        client.Shutdown(SocketShutdown.Send);
        var answer = new byte[4];
        await TcpServer.ReadAsync(client, answer);

        BitConverter.ToInt32(answer).ShouldBe(1234);
        (await client.ReceiveAsync(answer).WaitAsync(Loopback.Patience)).ShouldBe(0);
    }

    [Fact]
    public async Task Connection_ServerResets_ClientIsReset()
    {
        var server = _loopback.Own(new TcpServer(_loopback.NewAddress(), async socket =>
        {
            await socket.ReceiveAsync(new byte[1]);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }));
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await client.SendAsync(new byte[1]);

        await ShouldBeResetAsync(() => Task.FromResult(client));
    }

    [Fact]
    public async Task Connection_ClientResets_ServerIsReset()
    {
        var seen = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = _loopback.Own(new TcpServer(_loopback.NewAddress(), async socket =>
        {
            try
            {
                while (await socket.ReceiveAsync(new byte[100]) > 0)
                {
                    // Until it ends.
                }

                seen.SetResult(SocketError.Success);
            }
            catch (SocketException exception)
            {
                seen.SetResult(exception.SocketErrorCode);
            }
        }));
        _loopback.Apply(Loopback.Ready(server.At));
        var client = await _loopback.ConnectAsync();
        await client.SendAsync(new byte[10]);
        await Loopback.UntilAsync(() => _loopback.Counters(server.At).Bytes == 10);
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Close();

        (await seen.Task.WaitAsync(Loopback.Patience)).ShouldBe(SocketError.ConnectionReset);
    }

    [Fact]
    public async Task Connect_BackendRefuses_GoesToAnotherBeforeAnyByte()
    {
        var server = TcpServer.Echo(_loopback);
        var absent = new IPEndPoint(_loopback.NewAddress(), 9090);
        _loopback.Apply(Loopback.Ready(absent), Loopback.Ready(server.At));

        for (var i = 0; i < 20; i++)
            (await TcpServer.WhoAsync(await _loopback.ConnectAsync())).ShouldBe(server.At.Address);

        _loopback.Counters(absent).FailedConnects.ShouldBeGreaterThan(0);
        _loopback.Counters(server.At).Connections.ShouldBe(20);
        _loopback.Engine.Status().Drops.ShouldBeEmpty();
    }

    [Fact]
    public async Task Connect_BackendThatDoesNotAnswer_GoesToAnotherWhenTheTimeIsOver()
    {
        using var loopback = new Loopback { Userspace = new UserspaceConfig { ConnectTimeout = TimeSpan.FromMilliseconds(100) } };
        var server = TcpServer.Echo(loopback);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(loopback.NewAddress(), 9090));
        silent.Listen(0);
        var at = (IPEndPoint)silent.LocalEndPoint!; // bound above
        for (var i = 0; i < 4; i++)
        {
            // Its queue is full: the kernel answers no more.
            var filler = loopback.Own(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
            Should.Throw<SocketException>(() => filler.Connect(at));
        }

        loopback.Apply(Loopback.Ready(at), Loopback.Ready(server.At));

        for (var i = 0; i < 8; i++)
            (await TcpServer.WhoAsync(await loopback.ConnectAsync())).ShouldBe(server.At.Address);
        loopback.Counters(at).FailedConnects.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Connect_NoBackendTakesIt_IsResetAndCounted()
    {
        _loopback.Apply(Loopback.Ready(new IPEndPoint(_loopback.NewAddress(), 9090)), Loopback.Ready(new IPEndPoint(_loopback.NewAddress(), 9090)));
        await ShouldBeResetAsync(() => _loopback.ConnectAsync());
        _loopback.Apply(Loopback.Ready(new IPEndPoint(_loopback.NewAddress(), 9090), EndpointState.Down));
        await ShouldBeResetAsync(() => _loopback.ConnectAsync());

        var service = _loopback.Engine.Status().Services.Single();
        service.Drops.ShouldBe([KeyValuePair.Create("no_backend", 1L), KeyValuePair.Create("unreachable", 1L)]);
        service.Unserved.ShouldBe(2);
    }

    [Fact]
    public async Task Backend_InDrain_KeepsItsConnectionsAndGetsNoOther()
    {
        var (first, second) = (TcpServer.Echo(_loopback), TcpServer.Echo(_loopback));
        _loopback.Apply(Loopback.Ready(first.At));
        var old = await _loopback.ConnectAsync();
        (await TcpServer.WhoAsync(old)).ShouldBe(first.At.Address);

        _loopback.Apply(Loopback.Ready(first.At, EndpointState.Drain), Loopback.Ready(second.At));

        for (var i = 0; i < 10; i++)
            (await TcpServer.WhoAsync(await _loopback.ConnectAsync())).ShouldBe(second.At.Address);
        await old.SendAsync(new byte[] { 1, 2, 3 });
        await TcpServer.ReadAsync(old, new byte[3]);
        _loopback.Counters(first.At).ShouldSatisfyAllConditions(
            counters => counters.State.ShouldBe("drain"), counters => counters.Slots.ShouldBe(0), counters => counters.Connections.ShouldBe(1));
    }

    [Theory]
    [InlineData(EndpointState.Down)]
    [InlineData(EndpointState.Maintenance)]
    public async Task Backend_OutOfService_ResetsItsConnections(EndpointState state)
    {
        var (first, second) = (TcpServer.Echo(_loopback), TcpServer.Echo(_loopback));
        _loopback.Apply(Loopback.Ready(first.At), Loopback.Ready(second.At, EndpointState.Down));
        var old = await _loopback.ConnectAsync();
        await TcpServer.WhoAsync(old);

        _loopback.Apply(Loopback.Ready(first.At, state), Loopback.Ready(second.At));

        await ShouldBeResetAsync(() => Task.FromResult(old));
        (await TcpServer.WhoAsync(await _loopback.ConnectAsync())).ShouldBe(second.At.Address);
        _loopback.Engine.Status().Services.Single().Drops["backend_down"].ShouldBe(1);
    }

    [Fact]
    public async Task Connection_IdleForLongerThanItMay_IsReset()
    {
        using var loopback = new Loopback { Nat = new NatConfig { TcpTimeout = TimeSpan.FromMilliseconds(50) } };
        var server = TcpServer.Echo(loopback);
        loopback.Apply(Loopback.Ready(server.At));

        await ShouldBeResetAsync(() => loopback.ConnectAsync());
    }

    [Fact]
    public async Task Connection_ServerHasEndedAndClientReadsLate_GetsTheRest()
    {
        using var loopback = new Loopback { Nat = new NatConfig { OpeningTimeout = TimeSpan.FromMilliseconds(200) } };
        var (sent, answer) = (new TaskCompletionSource(), new byte[120_000]);
        Random.Shared.NextBytes(answer);
        var server = loopback.Own(new TcpServer(loopback.NewAddress(), async socket =>
        {
            await TcpServer.SendAllAsync(socket, answer);
            socket.Shutdown(SocketShutdown.Send);
            sent.SetResult();
            await socket.ReceiveAsync(new byte[1]);
        }));
        loopback.Apply(Loopback.Ready(server.At));
        var client = await loopback.ConnectAsync();
        await sent.Task.WaitAsync(Loopback.Patience);
        await Loopback.UntilAsync(() => loopback.Engine.Explain((IPEndPoint)client.LocalEndPoint!, loopback.At, TransportProtocol.Tcp)!.Why.Contains("no flow is open", StringComparison.Ordinal)); // it is bound, and services run

        var received = new byte[answer.Length];
        await TcpServer.ReadAsync(client, received);

        received.ShouldBe(answer);
        (await client.ReceiveAsync(received).WaitAsync(Loopback.Patience)).ShouldBe(0);
    }

    [Fact]
    public async Task Connections_BeyondTheMost_WaitUntilOthersEnd()
    {
        using var loopback = new Loopback { Nat = new NatConfig { Flows = 2 } };
        var server = TcpServer.Echo(loopback);
        loopback.Apply(Loopback.Ready(server.At));
        var open = new List<Socket>();
        for (var i = 0; i < 12; i++)
            open.Add(await loopback.ConnectAsync());

        await Loopback.UntilAsync(() => loopback.Engine.Status().Warnings.Length > 0);
        loopback.Engine.Status().Warnings[0].ShouldContain("others wait");
        open.ForEach(socket => socket.Shutdown(SocketShutdown.Send)); // Those that have no server yet get one as others go, in whatever order.
        foreach (var socket in open)
            (await TcpServer.WhoAsync(socket)).ShouldBe(server.At.Address);

        loopback.Counters(server.At).Connections.ShouldBe(12);
        loopback.Engine.Status().AcceptPauses.ShouldNotBeNull().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Connections_Idle_TakeTwoDescriptorsEach()
    {
        // Of one thread's 34 descriptors, its listener's and those that are kept for later, 240 are left: 120 connections.
        using var loopback = new Loopback(reactors: 1, new DescriptorShares(ceiling: 307, taken: 0));
        var server = TcpServer.Echo(loopback);
        loopback.Apply(Loopback.Ready(server.At));
        var bytes = new byte[100_000];
        for (var i = 0; i < 120; i++)
        {
            loopback.Engine.Status().Warnings.ShouldBeEmpty();
            var client = await loopback.ConnectAsync();
            await TcpServer.WhoAsync(client);
            var sending = TcpServer.SendAllAsync(client, bytes);
            await TcpServer.ReadAsync(client, bytes);
            await sending;
        }

        loopback.Engine.Status().Warnings.ShouldHaveSingleItem().ShouldStartWith("120 connections of services are open, as many as there may be");
    }

    [Fact]
    public async Task Connections_WhosePeersDoNotRead_LeaveRoomForOthers()
    {
        // 240 descriptors again, and 16 pipes besides: with a pipe each, no more than 68 could be open. Pipes take 44 at most, so there is room for 98.
        const int Stalled = 75;
        var bytes = new byte[4_000_000];
        using var loopback = new Loopback(reactors: 1, new DescriptorShares(ceiling: 307, taken: 0));
        var server = loopback.Own(new TcpServer(loopback.NewAddress(), async socket =>
        {
            socket.SendBufferSize = 1 << 16;
            await socket.SendAsync(TcpServer.Hello(IPAddress.Loopback));
            if (await socket.ReceiveAsync(new byte[1]) == 1)
                await TcpServer.SendAllAsync(socket, bytes);
        }));
        loopback.Apply(Loopback.Ready(server.At));
        var clients = new List<Socket>();
        for (var i = 0; i < Stalled; i++)
        {
            clients.Add(loopback.Own(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1 << 14 }));
            await clients[i].ConnectAsync(loopback.At).WaitAsync(Loopback.Patience);
            await clients[i].SendAsync(new byte[1]);
        }

        await Loopback.UntilAsync(() => loopback.Counters(server.At).ReturnBytes > 0);
        var before = -1L;
        while (before != (before = loopback.Counters(server.At).ReturnBytes))
            await Task.Delay(200);
        before.ShouldBeLessThan(Stalled * bytes.Length);

        for (var i = 0; i < 20; i++)
            await TcpServer.WhoAsync(await loopback.ConnectAsync());
        var read = new byte[4 + bytes.Length];
        foreach (var client in clients)
            await TcpServer.ReadAsync(client, read);

        loopback.Engine.Status().Drops.ShouldBeEmpty();
    }

    // As soon as it is connected, where nothing has been sent.
    private static async Task ShouldBeResetAsync(Func<Task<Socket>> connect)
    {
        var error = await Should.ThrowAsync<SocketException>(async () =>
        {
            var client = await connect();
            while (await client.ReceiveAsync(new byte[100]).WaitAsync(Loopback.Patience) > 0)
            {
                // What came before.
            }

            throw new SocketException((int)SocketError.Success);
        });
        error.SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
    }
}
