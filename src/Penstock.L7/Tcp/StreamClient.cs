// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.L7.Admission;
using Penstock.L7.Forwarding;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Runtime;
using Penstock.Model.Observability;

namespace Penstock.L7.Tcp;

/// <summary>A client's connection to a listener of mode tcp, from its admission to its line in the access log.</summary>
internal sealed class StreamClient
{
    private readonly Worker _worker;
    private readonly ClientIdentity? _announced;
    private readonly AdmissionVerdict _admission;
    private readonly long _startTicks = Stopwatch.GetTimestamp();
    private readonly byte[] _id = new byte[RequestIds.Length];

    /// <summary>One that was admitted; counted until <see cref="Finish"/>.</summary>
    internal StreamClient(Worker worker, CompiledListener listener, ClientAddress peer, int port, ClientIdentity? announced, AdmissionVerdict admission)
    {
        (_worker, Listener, Peer, Port, _announced, _admission) = (worker, listener, peer, port, announced, admission);
        RequestIds.Write(_id, ref worker.Random);
        listener.Slot.CountersOf(worker.Index).OnAccepted();
    }

    /// <summary>The listener as of the snapshot it was accepted under.</summary>
    internal CompiledListener Listener { get; }

    /// <summary>The client's address; none over a Unix socket.</summary>
    internal ClientAddress Peer { get; }

    /// <summary>Its port.</summary>
    internal int Port { get; }

    /// <summary>The name that TLS asked for; empty: none, or nobody looked.</summary>
    internal byte[] ServerName { get; set; } = [];

    /// <summary>Who it is, for the PROXY header of its connection to an endpoint.</summary>
    internal ClientIdentity IdentityOf(int fd)
    {
        var identity = _announced ?? ClientIdentity.Of(fd, Peer, Port);
        if (identity.UniqueId.IsEmpty)
            identity = identity with { UniqueId = _id };
        return ServerName.Length is > 0 and <= ProxyHeaderWriter.MaxValueLength ? identity with { Authority = ServerName } : identity;
    }

    /// <summary>The connection is closed: it is counted out, and logged.</summary>
    /// <param name="end">How it went.</param>
    internal void Finish(in StreamEnd end)
    {
        var now = Stopwatch.GetTimestamp();
        var microseconds = Worker.Microseconds(_startTicks, now);
        var slot = Listener.Slot;
        slot.CountersOf(_worker.Index).OnClosed(end.ReceivedBytes, end.SentBytes);
        slot.Limiter.Leave(Peer, _admission);
        var series = end.Route is null ? Listener.Unrouted : end.Route.Series[Math.Max(end.Target, 0)];
        series.Cells[_worker.Index].Count(end.Code, microseconds, end.ReceivedBytes, end.SentBytes);
        if (_worker.AccessLog is not { } ring)
            return;
        Span<byte> address = stackalloc byte[16];
        ring.TryWrite(new AccessRecord
        {
            StartUnixMicroseconds = _worker.WallMicroseconds(now) - microseconds,
            DurationMicroseconds = microseconds,
            UpstreamMicroseconds = end.ConnectedTicks == 0 ? -1 : Worker.Microseconds(_startTicks, end.ConnectedTicks),
            ClientAddress = address[..Peer.WriteBytes(address)],
            ClientPort = Port,
            Host = ServerName,
            RequestId = _id,
            ProxyValues = _announced is { } announced ? announced.Said.Span : default,
            Reason = StreamEnd.ReasonOf(end.Code),
            Listener = Listener.Config.Name,
            Route = end.Route?.Route.Name ?? "",
            Cluster = end.Target >= 0 ? end.Route!.Targets[end.Target].Config.Name : "", // A target is one of a route.
            Endpoint = end.Endpoint,
            RequestBodyBytes = end.ReceivedBytes,
            ResponseBodyBytes = end.SentBytes,
            Attempts = end.Attempts,
        });
    }
}
