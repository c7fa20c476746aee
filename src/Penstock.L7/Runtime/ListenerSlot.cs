// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Admission;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Runtime;

/// <summary>A bound address and its sockets, one for each reactor (one in all for a Unix socket). It outlives reloads that keep the address.</summary>
internal sealed class ListenerSlot
{
    private readonly FileDescriptor[] _sockets;
    private readonly ListenerCounters[] _counters;
    private int _closedBy;

    internal ListenerSlot(int id, SocketEndpoint bind, FileDescriptor[] sockets, SocketEndpoint boundTo, int reactors)
    {
        Id = id;
        Bind = bind;
        BoundTo = boundTo;
        _sockets = sockets;
        _counters = new ListenerCounters[reactors];
        for (var i = 0; i < reactors; i++)
            _counters[i] = new ListenerCounters();
    }

    /// <summary>Index into <see cref="CompiledSnapshot.Listeners"/>; given to another slot once no snapshot has this one any more.</summary>
    internal int Id { get; }

    /// <summary>What was asked for.</summary>
    internal SocketEndpoint Bind { get; }

    /// <summary>What it is bound to: with the port the kernel chose.</summary>
    internal SocketEndpoint BoundTo { get; }

    /// <summary>How many may connect.</summary>
    internal ConnectionLimiter Limiter { get; } = new(new ListenerLimits());

    /// <summary>Whether one descriptor serves all reactors.</summary>
    internal bool IsShared => _sockets.Length == 1;

    /// <summary>The address is in no snapshot any more: its connections end with their present request.</summary>
    internal bool IsRemoved { get; set; }

    /// <summary>The listener as last compiled; for connections that outlive it.</summary>
    internal CompiledListener? Last { get; set; }

    /// <summary>One for each reactor.</summary>
    internal ReadOnlySpan<ListenerCounters> Counters => _counters;

    /// <summary>The listening socket of a reactor.</summary>
    internal int SocketOf(int reactor) => _sockets[IsShared ? 0 : reactor].Number;

    /// <summary>Counters of a reactor.</summary>
    internal ListenerCounters CountersOf(int reactor) => _counters[reactor];

    /// <summary>Closes a reactor's socket, once it is out of its epoll instance; a shared one goes with the last.</summary>
    internal void CloseSocketOf(int reactor)
    {
        if (!IsShared)
            _sockets[reactor].Dispose();
        else if (Interlocked.Increment(ref _closedBy) == _counters.Length)
            CloseShared();
    }

    /// <summary>Closes every socket: no reactor listens.</summary>
    internal void CloseSockets()
    {
        for (var i = 0; i < _counters.Length; i++)
            CloseSocketOf(i);
    }

    private void CloseShared()
    {
        // In this order: once the socket refuses, its file counts as stale and may be another listener's at any moment.
        if (Bind.UnixPath is { } path)
            SocketFile.Remove(path);
        _sockets[0].Dispose();
    }
}
