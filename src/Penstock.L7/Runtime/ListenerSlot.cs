// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Admission;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Runtime;

/// <summary>A bound address and its sockets, at least one for each reactor (one in all for a Unix socket). It outlives reloads that keep the address.</summary>
internal sealed class ListenerSlot
{
    private readonly FileDescriptor[] _sockets;
    private readonly ListenerCounters[] _counters;
    private readonly int _inherited;
    private int _closedBy;

    /// <summary>A slot whose sockets listen.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="bind">What was asked for.</param>
    /// <param name="sockets">The sockets.</param>
    /// <param name="inherited">How many of them, from the first on, are of a process before.</param>
    /// <param name="boundTo">What they are bound to.</param>
    /// <param name="reactors">How many reactors.</param>
    internal ListenerSlot(int id, SocketEndpoint bind, FileDescriptor[] sockets, int inherited, SocketEndpoint boundTo, int reactors)
    {
        _inherited = inherited;
        IsKept = inherited > 0;
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

    /// <summary>Sockets of this process's own that the service manager does not keep yet.</summary>
    internal ArraySegment<FileDescriptor> Opened => new(_sockets, _inherited, _sockets.Length - _inherited);

    /// <summary>The service manager has the sockets, too: they outlive this process unless a reactor closes them.</summary>
    internal bool IsKept { get; set; }

    /// <summary>The listening sockets of a reactor.</summary>
    internal IEnumerable<int> SocketsOf(int reactor) => IsShared ? [_sockets[0].Number] : Own(reactor).Select(socket => socket.Number);

    /// <summary>Counters of a reactor.</summary>
    internal ListenerCounters CountersOf(int reactor) => _counters[reactor];

    /// <summary>Ends a reactor's listening, once its sockets are out of its epoll instance; a shared one goes with the last. Nobody listens there any more, whoever has the sockets besides.</summary>
    internal void CloseSocketsOf(int reactor)
    {
        if (IsShared)
        {
            if (Interlocked.Increment(ref _closedBy) == _counters.Length)
                ListenerStore.Close(_sockets[0]);
            return;
        }

        foreach (var socket in Own(reactor))
            ListenerStore.Close(socket);
    }

    /// <summary>Lets go of every socket before any reactor listens: those of a process before are the store's again.</summary>
    internal void TakeBack(ListenerStore store)
    {
        store.Return(_sockets.Take(_inherited));
        foreach (var socket in _sockets.Skip(_inherited))
            ListenerStore.Close(socket);
    }

    /// <summary>Lets go of every socket that is still open, when no reactor listens any more; those that are kept go on listening without this process.</summary>
    internal void Release()
    {
        if (IsShared && !IsKept)
            ListenerStore.Close(_sockets[0]);
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private IEnumerable<FileDescriptor> Own(int reactor) => _sockets.Where((_, i) => i % _counters.Length == reactor);
}
