// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using static Penstock.L7.Tests.Http2.FrameClient;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Tests.Http2;

/// <summary>What remains in order when something ended that should not have.</summary>
public sealed class DefectTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Stream_WhoseFlushWasEnded_SendsNeitherHeadNorEnd()
    {
        using var reactor = new Reactor("test", _ => { });
        var stream = new BareStream(reactor);
        stream.Open(new BareConnection(new OutboundConnection(reactor)), 1);
        stream.WriteHead();
        stream.Output.Append("content"u8);
        stream.EndOutput();
        var flush = stream.Output.FlushAsync();

        stream.Output.CancelPendingFlush();

        (await flush).IsCompleted.ShouldBeTrue();
        stream.HasUnsent.ShouldBeFalse();
        stream.TryEmit().ShouldBeFalse();
        stream.LocalEnded.ShouldBeFalse();
    }

    [Fact]
    public async Task DefectWhileFramesAreTaken_LeavesItsSenderAwake()
    {
        using var reactor = new Reactor("test", _ => { });
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var address = SocketAddress.Ip(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndPoint!).Port); // Bound above.
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Start();
        reactor.Post(() => _ = ServeAsync());
        using var peer = await listener.AcceptAsync();

        peer.Send([.. Frame(Settings, 0, 0), .. Request(1)]);

        await served.Task.WaitAsync(Patience);
        var received = new byte[9];
        (await peer.ReceiveAsync(received).WaitAsync(Patience)).ShouldBe(9);
        received.ShouldBe(Frame(Settings, Ack, 0));

        async Task ServeAsync()
        {
            try
            {
                var transport = new OutboundConnection(reactor);
                (await transport.ConnectAsync(address, timeoutMilliseconds: 5000)).ShouldBe(Errno.None);
                await new BareConnection(transport).ServeAsync();
                transport.Close();
                served.SetResult();
            }
            catch (Exception e)
            {
                served.SetException(e);
            }
        }
    }

    private sealed class BareStream(Reactor reactor) : Http2Stream(reactor)
    {
        protected override void OnBroken(RejectReason reason)
        {
            // Nobody waits.
        }
    }
}
