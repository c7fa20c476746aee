// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Forwarding;

namespace Penstock.L7.Runtime;

/// <content>How connections end: their listener's, at a stop, and where another process takes over.</content>
internal sealed partial class Worker
{
    private const int NotBegun = -1;

    private bool _endsConnections;
    private HashSet<object>? _leaving;
    private int _leavingCount = NotBegun;

    /// <summary>The proxy is stopping.</summary>
    internal bool IsDraining { get; private set; }

    /// <summary>Whether connections end with their present request, while new ones are taken as ever. Set by any thread.</summary>
    internal bool EndsConnections
    {
        get => Volatile.Read(ref _endsConnections);
        set => Volatile.Write(ref _endsConnections, value);
    }

    /// <summary>Whether all connections of before <see cref="BeginLeaving"/> have ended; read by any thread.</summary>
    internal bool HasLeft => Volatile.Read(ref _leavingCount) == 0;

    /// <summary>Stops listening at a slot, and ends its idle connections.</summary>
    internal void Unlisten(ListenerSlot slot)
    {
        var removed = _listeners.FindAll(listener => ReferenceEquals(listener.Slot, slot));
        removed.ForEach(listener => listener.Stop(closes: true));
        if (removed.Count > 0)
            slot.CloseSocketsOf(Index);
        _listeners.RemoveAll(removed.Contains);

        ForEachConnection(connection =>
        {
            if (ReferenceEquals(connection.Slot, slot))
                connection.Drain();
        });
        ForEachHeld(held =>
        {
            if (ReferenceEquals(held.Slot, slot))
                held.Drain();
        });
    }

    /// <summary>Begins to make way for another process: connections end with their present request, or their next, while new ones are taken and end likewise.</summary>
    internal void BeginLeaving()
    {
        EndsConnections = true;
        _leaving = new HashSet<object>(_held, ReferenceEqualityComparer.Instance);
        ForEachConnection(connection =>
        {
            _leaving.Add(connection);
            if (connection.IsHttp2)
                connection.Drain(); // GOAWAY says which requests will be answered: none is lost.
        });
        Volatile.Write(ref _leavingCount, _leaving.Count);
    }

    /// <summary>Ends those connections of before <see cref="BeginLeaving"/> that are between requests.</summary>
    internal void EndLeaving()
    {
        foreach (var connection in _leaving!.ToArray()) // It has begun; each may end here.
        {
            if (connection is IHeldConnection held)
                held.Drain();
            else
                ((ClientConnection)connection).Drain();
        }
    }

    /// <summary>Stops accepting; connections end with their present request.</summary>
    /// <param name="keepsListening">The sockets stay open: who connects from now on waits for another process.</param>
    internal void Drain(bool keepsListening)
    {
        IsDraining = true;
        _listeners.ForEach(listener => listener.Stop(closes: !keepsListening));
        if (!keepsListening)
        {
            foreach (var slot in _listeners.Select(listener => listener.Slot).Distinct())
                slot.CloseSocketsOf(Index);
        }

        _listeners.Clear();
        ForEachConnection(connection => connection.Drain());
        ForEachHeld(held => held.Drain());
    }

    /// <summary>Cuts what is still open.</summary>
    internal void Cut()
    {
        ForEachConnection(connection => connection.Cut());
        ForEachHeld(held => held.Cut());
    }

    private void OnLeft(object connection)
    {
        if (_leaving is { } leaving && leaving.Remove(connection))
            Volatile.Write(ref _leavingCount, leaving.Count);
    }

    private void ForEachConnection(Action<ClientConnection> action)
    {
        // The action may close the connection, and with it its place in the list.
        for (var connection = _connections; connection is not null;)
        {
            var next = connection.NextConnection;
            action(connection);
            connection = next;
        }
    }

    private void ForEachHeld(Action<IHeldConnection> action)
    {
        foreach (var held in _held.ToArray())
            action(held);
    }
}
