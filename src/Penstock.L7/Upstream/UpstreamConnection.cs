// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Model.L7;

namespace Penstock.L7.Upstream;

/// <summary>A connection to an endpoint. While it lies unused in its pool, anything the endpoint sends, its end included, removes it.</summary>
internal sealed class UpstreamConnection : OutboundConnection
{
    internal UpstreamConnection(EndpointPool pool)
        : base(pool.Reactor) => Pool = pool;

    /// <summary>Where it belongs.</summary>
    internal EndpointPool Pool { get; }

    /// <summary>Version of the PROXY header that it began with; null: none.</summary>
    internal ProxyProtocolVersion? Announced { get; private set; }

    /// <summary>The client connection whose requests it carries, when it began with a PROXY header; null: anybody's.</summary>
    internal OwnConnections? Owner { get; private set; }

    /// <summary>Requests sent over it.</summary>
    internal int Requests { get; set; }

    /// <summary>Whether it lies unused in the pool.</summary>
    internal bool IsIdle { get; set; }

    /// <summary>The turn in which it was put back: input that came with an earlier turn has been seen by now.</summary>
    internal long IdleTurn { get; set; }

    /// <summary>When it was put back, monotonic milliseconds.</summary>
    internal long IdleSince { get; set; }

    /// <summary>Neighbour in the pool's list of unused connections; owned by the pool.</summary>
    internal UpstreamConnection? Older { get; set; }

    /// <summary>Neighbour in the pool's list of unused connections; owned by the pool.</summary>
    internal UpstreamConnection? Newer { get; set; }

    /// <summary>Writes a PROXY header, the first bytes of the connection; they go with what follows.</summary>
    internal void Announce(ProxyProtocolVersion version, ClientIdentity client, OwnConnections owner)
    {
        (Announced, Owner) = (version, owner);
        Writer.Advance(ProxyHeaderWriter.Write(Writer.GetSpan(ProxyHeaderWriter.MaxLength), version, client));
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        base.OnEvents(events);
        if (IsIdle && (Reader.IsReady || IsBroken))
            Pool.DropIdle(this);
    }

    /// <inheritdoc/>
    protected override void OnClosed() => Pool.OnConnectionClosed();
}
