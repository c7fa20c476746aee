// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.L7.Admission;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Tcp;
using Penstock.Linux.Relays;

namespace Penstock.L7.Runtime;

/// <content>Connections that no HTTP is spoken on.</content>
internal sealed partial class Worker
{
    private const long ComplainEveryMilliseconds = 30_000;

    private readonly HashSet<IHeldConnection> _held = [];
    private PipePool? _pipes;
    private long _complainAt;

    /// <summary>Room for what is looked at before it is taken off a socket.</summary>
    internal byte[] Peeked { get; } = GC.AllocateUninitializedArray<byte>(PeekedConnection.MaxBytes, pinned: true);

    /// <summary>Its pipes; those that are kept are set aside where a listener relays.</summary>
    internal PipePool Pipes => _pipes ??= new PipePool(Descriptors.Share);

    /// <summary>Its pipes for bodies and tunnels of HTTP, which do without where there are no more.</summary>
    internal PipePool BodyPipes { get; init; }

    /// <summary>Closes the pipes that are kept; the reactor does not run any more.</summary>
    internal void ClosePipes()
    {
        _pipes?.Dispose();
        BodyPipes.Dispose();
    }

    /// <summary>Counts a connection in that no HTTP is spoken on.</summary>
    internal void Hold(IHeldConnection connection)
    {
        _held.Add(connection);
        Descriptors.Enter();
        Volatile.Write(ref _open, _open + 1);
    }

    /// <summary>Counts it out.</summary>
    internal void Release(IHeldConnection connection)
    {
        _held.Remove(connection);
        Descriptors.Leave();
        Volatile.Write(ref _open, _open - 1);
        OnLeft(connection);
    }

    /// <summary>A connection was closed for its PROXY header.</summary>
    internal void OnRejectedHeader(ListenerSlot slot, ClientAddress peer, ProxyHeaderRejection reason, int received)
    {
        slot.CountersOf(Index).OnRejectedHeader(reason, received);
        if (reason == ProxyHeaderRejection.ClosedUnsent || Reactor.Now < _complainAt)
            return;
        _complainAt = Reactor.Now + ComplainEveryMilliseconds;
        LogRejectedHeader(_logger, ListenerOf(slot).Config.Name, peer.ToString(), ProxyHeaderRejections.Token(reason));
    }

    private void Relay(StreamClient client, int fd)
    {
        if (client.Listener.Config.Sni.IsEmpty)
            new StreamRelay(this, client, client.Listener.Fallback!, fd).Begin(); // Without rules there is one.
        else
            new ClientHelloWait(this, client).Begin(fd);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Listener}: closed a connection from {Peer}, which has to begin with a PROXY header: {Reason}")]
    private static partial void LogRejectedHeader(ILogger logger, string listener, string peer, string reason);
}
