// SPDX-License-Identifier: Apache-2.0

namespace Penstock.Linux.Reactors;

/// <summary>Something with a descriptor in a reactor's epoll instance.</summary>
public abstract class EpollSource
{
    /// <summary>The descriptor; -1 once closed.</summary>
    public int Fd { get; set; } = -1;

    /// <summary>Index among the reactor's sources; owned by the reactor.</summary>
    public int EpollSlot { get; set; } = -1;

    /// <summary>Events of this turn that were not dispatched yet; owned by the reactor.</summary>
    public EpollEvents Pending { get; set; }

    /// <summary>Whether what it has may wait some microseconds until others have something, too; see <see cref="Reactor.BeginRequest"/>.</summary>
    public virtual bool MayWait => true;

    /// <summary>Handles what epoll reported.</summary>
    public abstract void OnEvents(EpollEvents events);
}
