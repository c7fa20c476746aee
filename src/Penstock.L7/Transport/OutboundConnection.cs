// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>A connection this host opens.</summary>
internal class OutboundConnection : SocketConnection
{
    internal OutboundConnection(Reactor reactor)
        : base(reactor, largeReads: true)
    {
    }

    /// <summary>Connects.</summary>
    /// <param name="address">To where.</param>
    /// <param name="timeoutMilliseconds">Then ETIMEDOUT.</param>
    /// <returns><see cref="Errno.None"/>, or why not; the connection is closed then.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<Errno> ConnectAsync(SocketAddress address, int timeoutMilliseconds)
    {
        var begun = Begin(address);
        if (begun is not Errno.EINPROGRESS)
        {
            if (begun != Errno.None)
                OnClosed(); // Never attached, so Close would not say so.
            return begun;
        }

        Writer.Guard.Until(Reactor.Now + timeoutMilliseconds);
        await WaitWritableAsync();
        Writer.Guard.Off();
        if (Writer.TimedOut)
            return Fail(Errno.ETIMEDOUT);
        if (IsClosed)
            return Errno.ECONNABORTED;
        var outcome = SocketCalls.TakeError(Fd);
        return outcome == Errno.None && !IsBroken ? Errno.None : Fail(outcome == Errno.None ? Errno.ECONNABORTED : outcome);
    }

    private Errno Begin(SocketAddress address)
    {
        var created = SocketCalls.CreateUnreserved(address);
        if (created.IsError)
            return created.Error;
        if (!address.IsUnix)
            _ = SocketCalls.SetNoDelay(created.Value);
        var connected = SocketCalls.Connect(created.Value, ref address);
        if (connected.IsError && connected.Error != Errno.EINPROGRESS)
        {
            SocketCalls.Close(created.Value);
            return connected.Error;
        }

        var attached = Attach(created.Value);
        return attached.IsError ? attached.Error : connected.Error;
    }

    private Errno Fail(Errno error)
    {
        Close();
        return error;
    }
}
