// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;

namespace Penstock.L7.Transport;

/// <summary>Something with a descriptor in a reactor's epoll instance.</summary>
internal abstract class EpollSource
{
    /// <summary>The descriptor; -1 once closed.</summary>
    internal int Fd { get; set; } = -1;

    /// <summary>Index among the reactor's sources; owned by the reactor.</summary>
    internal int EpollSlot { get; set; } = -1;

    /// <summary>Events of this turn that were not dispatched yet; owned by the reactor.</summary>
    internal EpollEvents Pending { get; set; }

    /// <summary>Handles what epoll reported.</summary>
    internal abstract void OnEvents(EpollEvents events);
}
