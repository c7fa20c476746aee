// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>
/// The writing half of a <see cref="SocketConnection"/>. A flush completes when the kernel has taken every byte, which is the
/// back-pressure of the whole proxy.
/// </summary>
internal class SocketWriter : TransportWriter
{
    private protected readonly SocketConnection _connection;
    private bool _ready = true;
    private Action? _sendDeferred;
    private SplicePipe? _pipe;
    private int _piped;

    internal SocketWriter(SocketConnection connection)
        : base(connection.Reactor) => _connection = connection;

    /// <summary>A head, perhaps with a short body behind it.</summary>
    private bool IsOneBlock => _first is { NextSegment: null } && _external.IsEmpty && _piped == 0;

    /// <summary>Whether the peer gets what is written as it is.</summary>
    internal virtual bool IsPlain => true;

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (HasFailed || _connection.IsClosed)
        {
            Fail();
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
        }

        if (_first is null && _external.IsEmpty && _piped == 0)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: HasFailed));
        if (_ready && IsOneBlock && _reactor.TryDefer(_sendDeferred ??= SendDeferred))
            return Pending();
        if (_ready && TrySend())
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: HasFailed));
        ArmDeadline();
        return Pending();
    }

    /// <summary>Sends what a pipe holds, behind what is buffered. The pipe is empty when that has gone well; otherwise it is of no use.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="bytes">What it holds.</param>
    internal ValueTask<FlushResult> SpliceAsync(SplicePipe pipe, int bytes)
    {
        (_pipe, _piped) = (pipe, bytes);
        return FlushAsync();
    }

    /// <summary>The turn's events are dispatched: sends what <see cref="Reactor.TryDefer"/> has put off, unless an event has done so since.</summary>
    private void SendDeferred()
    {
        if (!IsWaiting)
            return;
        if (_ready && TrySend())
            Signal();
        else
            ArmDeadline(); // Nobody else has, where an event has tried and the socket took nothing.
    }

    /// <summary>Waits until epoll reports room or an error: the outcome of a connect.</summary>
    internal ValueTask<FlushResult> WaitWritableAsync()
    {
        _ready = false;
        ArmDeadline();
        return Pending();
    }

    /// <summary>Epoll has reported room, or an error.</summary>
    internal void OnReady()
    {
        _ready = true;
        if (!IsWaiting)
            return;
        var before = TotalSent;
        if (TrySend())
            Signal();
        else if (TotalSent != before)
            ProlongWait();
    }

    /// <summary>Another has sent so many bytes meanwhile.</summary>
    internal void GoOn(long sent) => TotalSent += sent;

    /// <summary>Nothing more is sent; what was flushed arrives before the peer sees the end.</summary>
    internal virtual void End() => SocketCalls.ShutdownWrite(_connection.Fd);

    /// <summary>The socket is about to be closed in order.</summary>
    internal virtual void OnClosing()
    {
    }

    /// <summary>The socket is closed: whoever waits sees the end.</summary>
    internal void OnClosed()
    {
        RemoveDeadline();
        Fail();
        if (IsWaiting)
            Signal();
    }

    /// <summary>Sends what there is without anybody who waits for it.</summary>
    private protected void SendUnawaited()
    {
        if (TrySend())
            return;
        _ = _wait.Begin();
        ArmDeadline();
    }

    /// <inheritdoc/>
    private protected override void Release()
    {
        base.Release();
        (_pipe, _piped) = (null, 0); // Whoever gave it closes it.
    }

    /// <summary>Sends what there is.</summary>
    /// <returns>True when nothing is left to send, be it because the connection failed.</returns>
    private bool TrySend()
    {
        while (_first is not null || !_external.IsEmpty || !_suffix.IsEmpty || _piped > 0)
        {
            var result = SendOnce();
            if (result.IsError)
            {
                if (result.Error == Errno.EINTR)
                    continue;
                _ready = result.Error != Errno.EAGAIN;
                if (_ready)
                {
                    _connection.MarkBroken();
                    Fail();
                }

                return _ready;
            }

            OnSent(result.Value);
            if (Consume(result.Value))
                return true;

            // With more than one call's worth of pieces a short count need not mean a full socket: the next call tells.
        }

        return true;
    }

    private unsafe IoResult SendOnce()
    {
        if (_first is null && _external.IsEmpty && _suffix.IsEmpty)
            return _pipe!.Drain(_connection.Fd, _piped); // There is nothing else to send.
        if (_first is { } only && only.NextSegment is null && _external.IsEmpty && _suffix.IsEmpty)
            return SocketCalls.Send(_connection.Fd, only.Block.AsSpan(only.Start, only.End - only.Start));
        if (_first is null && _suffix.IsEmpty)
            return SocketCalls.Send(_connection.Fd, _external.Span);
        Span<IoVector> pieces = stackalloc IoVector[SocketCalls.MaxVectors];
        var count = 0;
        for (var segment = _first; segment is not null && count < pieces.Length; segment = segment.NextSegment)
        {
            // Blocks are pinned, so their addresses hold.
            ref var start = ref segment.Block[segment.Start];
            pieces[count++] = new IoVector((nint)Unsafe.AsPointer(ref start), (nuint)(segment.End - segment.Start));
        }

        fixed (byte* external = _external.Span, suffix = _suffix.Span)
        {
            if (!_external.IsEmpty && count < pieces.Length)
                pieces[count++] = new IoVector((nint)external, (nuint)_external.Length);
            if (!_suffix.IsEmpty && count < pieces.Length)
                pieces[count++] = new IoVector((nint)suffix, (nuint)_suffix.Length);
            return SocketCalls.SendGathered(_connection.Fd, pieces[..count]);
        }
    }

    private bool Consume(int sent)
    {
        if (_first is null && _external.IsEmpty && _suffix.IsEmpty)
            return (_piped -= sent) == 0;
        while (_first is { } segment)
        {
            var held = segment.End - segment.Start;
            if (sent < held)
            {
                segment.Start += sent;
                return false;
            }

            sent -= held;
            PopFirst();
        }

        var ofExternal = Math.Min(sent, _external.Length);
        _external = _external[ofExternal..];
        _suffix = _suffix[(sent - ofExternal)..];
        return _external.IsEmpty && _suffix.IsEmpty && _piped == 0;
    }
}
