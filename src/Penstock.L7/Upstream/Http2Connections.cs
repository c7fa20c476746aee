// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Http2;
using Penstock.L7.Runtime;

namespace Penstock.L7.Upstream;

/// <summary>
/// One reactor's HTTP/2 connections to one endpoint: the first with room takes a request, so that there are as few as the endpoint's limit of
/// streams allows.
/// </summary>
internal sealed class Http2Connections(EndpointPool pool)
{
    /// <summary>Streams kept for reuse.</summary>
    private const int MaxKeptStreams = 128;

    private readonly List<Http2ClientConnection> _connections = [];
    private readonly Stack<Http2ClientStream> _streams = new();
    private int _lastTaken;

    /// <summary>Streams at once that a connection which is not open yet may turn out to take: as many as the last one, so that requests that come together wait in vain for one at most.</summary>
    internal uint Expected { get; private set; } = uint.MaxValue;

    /// <summary>
    /// Requests that a connection takes before the endpoint ends it (nginx: keepalive_requests), as the last two have shown: those behind them go over another one. Sent in vain, they
    /// would have to be sent again, and those whose body was not kept could not be.
    /// </summary>
    internal int Quota { get; private set; } = int.MaxValue;

    /// <summary>A connection is open, and takes so many streams at once.</summary>
    internal void Expect(uint streams) => Expected = Math.Max(1, streams);

    /// <summary>A stream on a connection that is open; null: none has room.</summary>
    internal Http2ClientStream? TakeOpen()
    {
        foreach (var connection in _connections)
        {
            if (connection is { IsOpen: true, HasRoom: true, IsSpent: false })
                return connection.Take(Rent());
        }

        return null;
    }

    /// <summary>A stream on a connection that is open or opens, a new one if need be; null: there may be no more.</summary>
    /// <param name="worker">Whose request it is.</param>
    /// <param name="connectMilliseconds">Time for a new connection to open.</param>
    internal Http2ClientStream? Take(Worker worker, int connectMilliseconds)
    {
        if (TakeOpen() is { } stream)
            return stream;
        foreach (var opening in _connections)
        {
            if (opening is { HasRoom: true, IsSpent: false })
                return opening.Take(Rent());
        }

        if (!pool.MayConnect)
            return _connections.Find(static connection => connection.HasRoom)?.Take(Rent());
        var connection = new Http2ClientConnection(pool, worker);
        _connections.Add(connection);
        stream = connection.Take(Rent());
        _ = connection.RunAsync(connectMilliseconds); // It never fails: it catches all.
        return stream;
    }

    /// <summary>The endpoint ends a connection in order.</summary>
    /// <param name="requests">How many it has taken over it.</param>
    internal void OnEnded(int requests)
    {
        Quota = requests == _lastTaken ? requests : int.MaxValue;
        _lastTaken = requests;
    }

    /// <summary>The endpoint goes on with a connection that has reached <see cref="Quota"/>: it is none.</summary>
    internal void ForgetQuota() => Quota = int.MaxValue;

    /// <summary>Connections take no more requests, and close after those they have.</summary>
    internal void Drain()
    {
        foreach (var connection in _connections.ToArray())
            connection.Drain();
    }

    /// <summary>Closes a connection that no request uses; false when there is none.</summary>
    internal bool DropUnused()
    {
        if (_connections.Find(connection => connection is { IsOpen: true, Active: 0 }) is not { } unused)
            return false;
        unused.Close();
        return true;
    }

    /// <summary>A connection is closed.</summary>
    internal void Remove(Http2ClientConnection connection) => _connections.Remove(connection);

    /// <summary>Takes a stream back.</summary>
    internal void Return(Http2ClientStream stream)
    {
        if (_streams.Count < MaxKeptStreams)
            _streams.Push(stream);
    }

    private Http2ClientStream Rent() => _streams.TryPop(out var stream) ? stream : new Http2ClientStream(pool);
}
