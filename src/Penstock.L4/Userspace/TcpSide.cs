// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L4.Userspace;

/// <summary>One of a relay's two sockets, with the way of what is read from it to the other one. Edge-triggered: what it can do is remembered until it can't.</summary>
internal sealed class TcpSide(TcpRelay relay) : EpollSource
{
    /// <summary>Events of both sockets.</summary>
    public const EpollEvents Wanted = EpollEvents.In | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    /// <summary>Whether it may have bytes, or its end.</summary>
    public bool IsReadable { get; set; }

    /// <summary>Whether it may take bytes.</summary>
    public bool IsWritable { get; set; }

    /// <summary>Whether the end of its stream was read.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Whether the other side was told of that end, after all bytes before it.</summary>
    public bool IsDone { get; set; }

    /// <summary>Bytes of it on their way to the other side; null: none are.</summary>
    public SplicePipe? Pipe { get; set; }

    /// <summary>How many.</summary>
    public int Held { get; set; }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events) => relay.OnEvents(this, events);
}
