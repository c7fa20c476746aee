// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;

namespace Penstock.L4.Tests.Userspace;

/// <summary>TCP's urgent byte (MSG_OOB), as telnet, FTP and rlogin send it.</summary>
public sealed class UrgentDataTests : IDisposable
{
    private const byte Urgent = 0xEE;

    private readonly Loopback _loopback = new();

    public void Dispose() => _loopback.Dispose();

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 1, true)]
    [InlineData(100_000, 0, true)]
    [InlineData(0, 300_000, true)]
    [InlineData(3_000_000, 3_000_000, true)]
    [InlineData(0, 300_000, false)]
    [InlineData(3_000_000, 3_000_000, false)]
    public async Task Connection_WithUrgentByte_CarriesAllThatIsBeforeAndAfterIt(int before, int after, bool pipes)
    {
        using var loopback = new Loopback(pipes: pipes);
        byte[] all = [.. Random(before), Urgent, .. Random(after)];
        var (client, server) = await PairAsync(loopback);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, optionValue: true);

        var sending = Task.Run(() => SendAsync(client, all, before));
        (await ReadToEndAsync(server)).AsSpan().SequenceEqual(all).ShouldBeTrue();
        await sending.WaitAsync(Loopback.Patience);
    }

    [Fact]
    public async Task Connection_BackendSendsUrgentBytes_ClientIsToldThatTheyAre()
    {
        var (client, server) = await PairAsync(_loopback);
        var ordinary = new byte[2];
        for (byte i = 1; i <= 3; i++)
        {
            server.Send([i], SocketFlags.OutOfBand).ShouldBe(1);
            await Loopback.UntilAsync(() => IsUrgent(client, i));
            await server.SendAsync("ab"u8.ToArray());
            await TcpServer.ReadAsync(client, ordinary);
            ordinary.ShouldBe("ab"u8.ToArray());
        }
    }

    [Fact]
    public async Task Connection_UrgentByteWhilePeerDoesNotRead_ComesWhenItReads()
    {
        const int Before = 20_000_000;
        byte[] all = [.. Random(Before), Urgent, 1, 2];
        var (client, server) = await PairAsync(_loopback);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, optionValue: true);
        var sending = Task.Run(() => SendAsync(client, all, Before));
        await Loopback.UntilAsync(() => _loopback.Engine.Status().Services.Single().Bytes > 0);

        (await ReadToEndAsync(server)).AsSpan().SequenceEqual(all).ShouldBeTrue();
        await sending.WaitAsync(Loopback.Patience);
    }

    private static async Task SendAsync(Socket socket, byte[] all, int urgentAt)
    {
        await TcpServer.SendAllAsync(socket, all.AsMemory(0, urgentAt));
        (await socket.SendAsync(all.AsMemory(urgentAt, 1), SocketFlags.OutOfBand)).ShouldBe(1);
        await TcpServer.SendAllAsync(socket, all.AsMemory(urgentAt + 1));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await socket.ReceiveAsync(buffer).WaitAsync(Loopback.Patience) is > 0 and var count)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    private static bool IsUrgent(Socket socket, byte expected)
    {
        var one = new byte[1];
        try
        {
            return socket.Receive(one, SocketFlags.OutOfBand) == 1 && one[0] == expected;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.InvalidArgument or SocketError.WouldBlock)
        {
            return false; // It has not come yet.
        }
    }

    private static byte[] Random(int bytes)
    {
        var data = new byte[bytes];
        new Random(bytes).NextBytes(data);
        return data;
    }

    /// <summary>A connection through the engine, and its other end at the backend.</summary>
    private static async Task<(Socket Client, Socket Server)> PairAsync(Loopback loopback)
    {
        var accepted = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = loopback.Own(new TcpServer(loopback.NewAddress(), socket =>
        {
            accepted.SetResult(socket);
            return over.Task;
        }));
        loopback.Apply(Loopback.Ready(server.At));
        var client = await loopback.ConnectAsync();
        return (client, await accepted.Task.WaitAsync(Loopback.Patience));
    }
}
