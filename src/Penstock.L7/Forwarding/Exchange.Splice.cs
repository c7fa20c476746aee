// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Relays;

namespace Penstock.L7.Forwarding;

/// <content>Bodies that nobody looks into: from socket to socket in the kernel, by splice(2), where neither has TLS or HTTP/2's frames. Whatever a pipe does not take is read and written.</content>
internal sealed partial class Exchange
{
    /// <summary>Least rest of a body that is worth a pipe, bytes.</summary>
    private const int LeastRest = 64 << 10;

    private readonly BulkGauge _outboundBulk = new();
    private readonly BulkGauge _inboundBulk = new();

    /// <summary>Moves what has come of a body that Content-Length frames, where that is worth it and nothing is buffered, which goes first.</summary>
    private ValueTask<SpliceOutcome> PassAsync(BodyDecoder body, TransportReader from, TransportWriter to, BulkGauge bulk) =>
        bulk.IsBulk && body.Remaining >= LeastRest && !from.HasBuffered && IsPlain(from, to) ? PassPieceAsync(body, (SocketReader)from, (SocketWriter)to, bulk) : default;

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<SpliceOutcome> PassPieceAsync(BodyDecoder body, SocketReader from, SocketWriter to, BulkGauge bulk)
    {
        var outcome = Take(from, body.Remaining, bulk, out var pipe, out var held);
        if (pipe is null)
            return outcome;
        body.Pass(held); // At once: nobody sends a request again of which something was taken.
        return await SendAsync(to, pipe, held) ? SpliceOutcome.Moved : SpliceOutcome.Gone;
    }

    /// <summary>Has a pipe take what has come.</summary>
    /// <param name="from">Has nothing buffered.</param>
    /// <param name="most">Bytes.</param>
    /// <param name="bulk">Is told.</param>
    /// <param name="pipe">Whose bytes are to be sent, and nothing else before; null: none were taken.</param>
    /// <param name="held">How many.</param>
    private SpliceOutcome Take(SocketReader from, long most, BulkGauge bulk, out SplicePipe? pipe, out int held)
    {
        (pipe, held) = (null, 0);
        var pipes = _worker.BodyPipes;
        if (!from.MustCopy)
            pipe = pipes.Rent();
        if (pipe is null)
        {
            if (from.MustCopy || !pipes.IsUsedUp)
                bulk.Refuse();
            return SpliceOutcome.Nothing;
        }

        held = from.Splice(pipe, (int)Math.Min(most, PipePool.Bytes));
        if (held > 0)
        {
            bulk.OnPiped(held);
            return SpliceOutcome.Moved;
        }

        pipes.Return(pipe);
        pipe = null;
        if (from.MustCopy)
            bulk.Refuse();
        return from.IsReady ? SpliceOutcome.Nothing : SpliceOutcome.Drained;
    }

    /// <summary>Sends what a pipe holds behind what is buffered; the pipe is back, or closed.</summary>
    /// <returns>False when the receiver is gone, with what was on its way.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> SendAsync(SocketWriter to, SplicePipe pipe, int held)
    {
        if ((await to.SpliceAsync(pipe, held)).IsCompleted)
        {
            _worker.BodyPipes.Discard(pipe);
            return false;
        }

        _worker.BodyPipes.Return(pipe);
        _worker.Counters.SplicedBytes += held;
        return true;
    }

    /// <summary>Whether two sockets have nothing between them and what is read and written.</summary>
    private static bool IsPlain(TransportReader from, TransportWriter to) => from is SocketReader { IsPlain: true } && to is SocketWriter { IsPlain: true };

    /// <summary>Waits for what comes and, after <see cref="SpliceOutcome.Drained"/>, leaves it in the socket for the next move.</summary>
    private static ValueTask<ReadResult> ReadBehindAsync(TransportReader from, SpliceOutcome move) =>
        move == SpliceOutcome.Drained ? ((SocketReader)from).WaitReadableAsync() : from.ReadAsync(); // Nothing else is drained.

    /// <summary>Lets others have their turn where this one has moved enough, but not behind the end: once a request is sent its endpoint may answer, and the pump must not be found under way then.</summary>
    /// <param name="body">What is moved.</param>
    /// <param name="turnEnd">Bytes of it at which the turn is over.</param>
    /// <returns>Where the turn is over from now on.</returns>
    private ValueTask<long> TakeTurnsAsync(BodyDecoder body, long turnEnd) =>
        body.IsDone || body.Bytes < turnEnd ? new ValueTask<long>(turnEnd) : YieldTurnAsync(body.Bytes);

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<long> YieldTurnAsync(long moved)
    {
        await _worker.Reactor.YieldTurn();
        return moved + BytesPerTurn;
    }

    private enum SpliceOutcome
    {
        /// <summary>A read tells what there is: bytes, the end, a failure, a cancellation.</summary>
        Nothing,

        /// <summary>There is nothing before the next event.</summary>
        Drained,

        /// <summary>Bytes are in a pipe, or with the receiver's socket.</summary>
        Moved,

        /// <summary>The receiver is gone, with what was on its way.</summary>
        Gone,
    }
}
