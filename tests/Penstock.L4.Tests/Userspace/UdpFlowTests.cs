// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Userspace;

public sealed class UdpFlowTests : IDisposable
{
    private readonly Loopback _loopback = new();

    public void Dispose() => _loopback.Dispose();

    [Fact]
    public async Task Datagrams_OfManyClients_AreAnsweredFromTheServicesAddress()
    {
        UdpServer[] servers = [UdpServer.Start(_loopback), UdpServer.Start(_loopback)];
        Apply(_loopback, [.. servers.Select(server => Loopback.Ready(server.At))]);
        var backends = new HashSet<IPAddress>();
        for (var i = 0; i < 40; i++)
        {
            var client = NewClient(_loopback);
            var first = await AskAsync(client, _loopback.At, $"a{i}");
            var second = await AskAsync(client, _loopback.At, $"b{i}");

            (first.Text, second.Text).ShouldBe(($"a{i}", $"b{i}"));
            first.From.ShouldBe(_loopback.At);
            (second.Backend, second.Port).ShouldBe((first.Backend, first.Port)); // One flow, one socket.
            backends.Add(first.Backend);
        }

        backends.Count.ShouldBe(2);
        var service = _loopback.Engine.Status().Services.Single();
        (service.Connections, service.Packets, service.Unserved).ShouldBe((40, 80, 0));
    }

    [Fact]
    public async Task Flow_LargestDatagram_ArrivesWhole()
    {
        var server = UdpServer.Start(_loopback);
        Apply(_loopback, Loopback.Ready(server.At));
        var text = new string('x', 65_507 - 6);

        (await AskAsync(NewClient(_loopback), _loopback.At, text)).Text.ShouldBe(text);
    }

    [Fact]
    public async Task Flow_IdleForLongerThanItMay_IsChosenAnew()
    {
        using var loopback = new Loopback { Nat = new NatConfig { UdpTimeout = TimeSpan.FromMilliseconds(200) } };
        var server = UdpServer.Start(loopback);
        Apply(loopback, Loopback.Ready(server.At));
        var client = NewClient(loopback);
        await AskAsync(client, loopback.At, "a");
        await Loopback.UntilAsync(() => loopback.Engine.Explain((IPEndPoint)client.LocalEndPoint!, loopback.At, TransportProtocol.Udp)!.Why.Contains("no flow is open", StringComparison.Ordinal)); // it is bound, and services run

        await AskAsync(client, loopback.At, "b");

        loopback.Counters(server.At).Connections.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task Flow_BackendAnswersPortUnreachable_GoesToAnother()
    {
        var (absent, server) = (new IPEndPoint(_loopback.NewAddress(), 9090), UdpServer.Start(_loopback));
        Apply(_loopback, Loopback.Ready(absent), Loopback.Ready(server.At));

        // All at once: half of them go to the one that is absent, and ask again two seconds later.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAsync(NewClient(_loopback), _loopback.At, "x")));

        answers.ShouldAllBe(answer => answer.Backend.Equals(server.At.Address));

        _loopback.Counters(absent).FailedConnects.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Flow_BackendGoesDown_MovesToAnotherAndBackInDrainStays()
    {
        var (first, second) = (UdpServer.Start(_loopback), UdpServer.Start(_loopback));
        Apply(_loopback, Loopback.Ready(first.At), Loopback.Ready(second.At, EndpointState.Down));
        var client = NewClient(_loopback);
        (await AskAsync(client, _loopback.At, "a")).Backend.ShouldBe(first.At.Address);

        Apply(_loopback, Loopback.Ready(first.At, EndpointState.Drain), Loopback.Ready(second.At));
        (await AskAsync(client, _loopback.At, "b")).Backend.ShouldBe(first.At.Address);
        Apply(_loopback, Loopback.Ready(first.At, EndpointState.Down), Loopback.Ready(second.At));

        (await AskAsync(client, _loopback.At, "c")).Backend.ShouldBe(second.At.Address);
    }

    [Fact]
    public async Task Flow_AddressOfAnotherServiceNow_GoesToThatOnesBackend()
    {
        var (first, second) = (UdpServer.Start(_loopback), UdpServer.Start(_loopback));
        Apply(_loopback, Loopback.Ready(first.At));
        var client = NewClient(_loopback);
        (await AskAsync(client, _loopback.At, "a")).Backend.ShouldBe(first.At.Address);

        _loopback.Apply((_loopback.Service("other", TransportProtocol.Udp), [Loopback.Ready(second.At)]));

        (await AskAsync(client, _loopback.At, "b")).Backend.ShouldBe(second.At.Address);
    }

    [Fact]
    public async Task Flows_BeyondTheMost_TakeTheRoomOfThoseLongestUnused()
    {
        using var loopback = new Loopback { Nat = new NatConfig { Flows = 1 } };
        var server = UdpServer.Start(loopback);
        Apply(loopback, Loopback.Ready(server.At));
        var clients = Enumerable.Range(0, 30).Select(_ => NewClient(loopback)).ToArray();
        foreach (var client in clients)
            await AskAsync(client, loopback.At, "x");

        // One flow a reactor.
        clients.Count(client => loopback.Engine.Explain((IPEndPoint)client.LocalEndPoint!, loopback.At, TransportProtocol.Udp)!.Why == "its flow is open") // as above
            .ShouldBeInRange(1, Environment.ProcessorCount);
        loopback.Counters(server.At).Connections.ShouldBe(30);
    }

    [Fact]
    public async Task Flow_InUse_StaysWhileMadeUpClientsCome()
    {
        using var loopback = new Loopback(reactors: 1) { Nat = new NatConfig { Flows = 4 } };
        var server = UdpServer.Start(loopback);
        Apply(loopback, Loopback.Ready(server.At));
        var client = NewClient(loopback);
        var port = (await AskAsync(client, loopback.At, "a")).Port;
        (await AskAsync(client, loopback.At, "b")).Port.ShouldBe(port);

        for (var i = 0; i < 50; i++)
            await AskAsync(NewClient(loopback), loopback.At, "x"); // Those that have one answer are soon forgotten.

        (await AskAsync(client, loopback.At, "c")).Port.ShouldBe(port);
        loopback.Counters(server.At).Connections.ShouldBe(51);
        loopback.Engine.Status().Services.Single().EvictedFlows.ShouldBe(51 - 4);
    }

    [Fact]
    public async Task Newcomers_HaveTheirPart_WhereAllFlowsAreInUse()
    {
        using var loopback = new Loopback(reactors: 1) { Nat = new NatConfig { Flows = 8 } };
        var server = UdpServer.Start(loopback);
        Apply(loopback, Loopback.Ready(server.At));
        for (var i = 0; i < 8; i++)
        {
            var old = NewClient(loopback);
            await AskAsync(old, loopback.At, "a");
            await AskAsync(old, loopback.At, "b");
        }

        var newcomer = NewClient(loopback);
        var port = (await AskAsync(newcomer, loopback.At, "c")).Port;
        await AskAsync(NewClient(loopback), loopback.At, "d"); // does not take the place of the one before it

        (await AskAsync(newcomer, loopback.At, "e")).Port.ShouldBe(port);
    }

    private static void Apply(Loopback loopback, params BackendStatus[] backends) => loopback.Apply((loopback.Service(protocol: TransportProtocol.Udp), backends));

    private static Socket NewClient(Loopback loopback)
    {
        var client = loopback.Own(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return client;
    }

    // Asked again when no answer comes: a datagram that a backend refused is lost.
    private static async Task<(IPAddress Backend, int Port, IPEndPoint From, string Text)> AskAsync(Socket client, IPEndPoint to, string text)
    {
        var buffer = new byte[1 << 16];
        for (var attempt = 0; ; attempt++)
        {
            await client.SendToAsync(Encoding.ASCII.GetBytes(text), to);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(attempt < 30 ? 2 : 0));
            try
            {
                var got = await client.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), limit.Token);
                return (new IPAddress(buffer.AsSpan(0, 4)), (buffer[4] << 8) | buffer[5], (IPEndPoint)got.RemoteEndPoint, Encoding.ASCII.GetString(buffer, 6, got.ReceivedBytes - 6));
            }
            catch (OperationCanceledException) when (attempt < 30)
            {
                // Once more.
            }
        }
    }
}
