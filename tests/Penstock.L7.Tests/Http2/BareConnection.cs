// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Transport;

namespace Penstock.L7.Tests.Http2;

/// <summary>A connection of which a test plays the upper half; its defect is that it takes no message.</summary>
internal sealed class BareConnection(SocketConnection transport)
    : Http2Connection(transport, new Http2Limits(ConcurrentStreams: 100, StreamWindow: 65_536, ConnectionWindow: 1 << 20, new HeadLimits(8192, 65_536, 100)), peerBegins: true)
{
    /// <summary>Receives until a message comes, then ends the sending.</summary>
    public async Task ServeAsync()
    {
        var sending = SendAsync();
        try
        {
            await ReceiveAsync();
        }
        catch (InvalidTimeZoneException)
        {
            // The defect.
        }

        EndSending();
        await sending;
    }

    protected override Http2Fault OnMessage(int id, bool ended, Http2Fault refused, ReadOnlySpan<byte> block) => throw new InvalidTimeZoneException();

    protected override void OnStreamReset(Http2Fault fault)
    {
        // Nobody counts.
    }

    protected override void OnFault(Http2Fault fault)
    {
        // Nobody counts.
    }

    protected override void OnPong()
    {
        // Nobody asks.
    }

    protected override void OnReadCanceled(bool timedOut)
    {
        // Nobody cancels.
    }

    protected override void ArmWait()
    {
        // It waits for ever.
    }
}
