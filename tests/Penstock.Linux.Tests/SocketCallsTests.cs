// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Linux.Tests;

public sealed unsafe class SocketCallsTests : IDisposable
{
    private readonly FileDescriptor _listener;
    private readonly FileDescriptor _client;
    private readonly int _server;

    public SocketCallsTests()
    {
        var address = SocketAddress.Ip(IPAddress.Loopback, 0);
        _listener = new FileDescriptor(SocketCalls.Create(address).Value);
        SocketCalls.Bind(_listener.Number, ref address).Error.ShouldBe(Errno.None);
        SocketCalls.Listen(_listener.Number, 1).Error.ShouldBe(Errno.None);
        var bound = SocketCalls.LocalAddress(_listener.Number);
        _client = new FileDescriptor(SocketCalls.Create(bound).Value);
        SocketCalls.Connect(_client.Number, ref bound).Error.ShouldBeOneOf(Errno.None, Errno.EINPROGRESS);
        Await(_client.Number, EpollEvents.Out);
        Await(_listener.Number, EpollEvents.In);
        var peer = default(SocketAddress);
        _server = SocketCalls.Accept(_listener.Number, ref peer).Value;
        peer.Port.ShouldBe(SocketCalls.LocalAddress(_client.Number).Port);
    }

    public void Dispose()
    {
        _client.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public void Receive_NothingSent_IsTryAgain()
    {
        SocketCalls.HasInput(_server).ShouldBeFalse();
        var result = SocketCalls.Receive(_server, new byte[8]);

        result.IsError.ShouldBeTrue();
        result.Error.ShouldBe(Errno.EAGAIN);
        SocketCalls.Close(_server);
    }

    [Fact]
    public void Send_Bytes_ArriveAndLookingLeavesThem()
    {
        SocketCalls.Send(_client.Number, "hello"u8).Value.ShouldBe(5);
        Await(_server, EpollEvents.In);
        SocketCalls.HasInput(_server).ShouldBeTrue();

        Received().ShouldBe("hello"u8.ToArray());
        SocketCalls.Close(_server);
    }

    [Fact]
    public void SendGathered_Pieces_ArriveInOrder()
    {
        fixed (byte* one = "one,"u8, two = "two"u8)
            SocketCalls.SendGathered(_client.Number, [new IoVector((nint)one, 4), new IoVector((nint)two, 3)]).Value.ShouldBe(7);
        Await(_server, EpollEvents.In);

        Received().ShouldBe("one,two"u8.ToArray());
        SocketCalls.Close(_server);
    }

    [Fact]
    public void ShutdownWrite_AtThePeer_IsTheEnd()
    {
        SocketCalls.ShutdownWrite(_client.Number);
        Await(_server, EpollEvents.In);

        var result = SocketCalls.Receive(_server, new byte[8]);
        result.IsError.ShouldBeFalse();
        result.Value.ShouldBe(0);
        SocketCalls.Close(_server);
    }

    [Fact]
    public void Reset_AtThePeer_IsAnErrorAndNoSignal()
    {
        SocketCalls.Reset(_server);
        Await(_client.Number, EpollEvents.In);

        SocketCalls.Receive(_client.Number, new byte[8]).Error.ShouldBe(Errno.ECONNRESET);
        SocketCalls.Send(_client.Number, "x"u8).Error.ShouldBe(Errno.EPIPE);
    }

    [Fact]
    public void Calls_OnNoDescriptor_GiveTheErrno()
    {
        var result = SocketCalls.Listen(-1, 1);

        result.IsError.ShouldBeTrue();
        ((int)result.Error).ShouldBe(9); // EBADF
    }

    private static void Await(int fd, EpollEvents events)
    {
        using var epoll = Epoll.Create();
        Epoll.Add(epoll.Number, fd, events, 0).Error.ShouldBe(Errno.None);
        Epoll.Wait(epoll.Number, new EpollEvent[1], timeoutMilliseconds: 10_000).ShouldBe(1);
    }

    private byte[] Received()
    {
        var buffer = new byte[64];
        return buffer[..SocketCalls.Receive(_server, buffer).Value];
    }
}
