// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Transport;
using Penstock.Linux;

namespace Penstock.L7.Upstream;

/// <summary>A connection to an endpoint. While it lies unused in its pool, anything the endpoint sends, its end included, removes it.</summary>
internal sealed class UpstreamConnection : OutboundConnection
{
    internal UpstreamConnection(EndpointPool pool)
        : base(pool.Reactor) => Pool = pool;

    /// <summary>Where it belongs.</summary>
    internal EndpointPool Pool { get; }

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
