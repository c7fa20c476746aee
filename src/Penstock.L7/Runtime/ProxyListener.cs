// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Runtime;

/// <summary>A listener's socket on one reactor: what it accepts is served.</summary>
/// <param name="worker">The reactor's worker.</param>
/// <param name="slot">Where it listens.</param>
/// <param name="socket">One of the slot's sockets.</param>
internal sealed class ProxyListener(Worker worker, ListenerSlot slot, int socket)
    : AcceptSource(worker.Reactor, socket, slot.IsShared)
{
    /// <summary>Where it listens.</summary>
    internal ListenerSlot Slot { get; } = slot;

    /// <inheritdoc/>
    protected override void OnAccepted(int fd, in SocketAddress peer) => worker.Serve(Slot, fd, peer);

    /// <inheritdoc/>
    protected override bool HasRoom => worker.Descriptors.HasRoom;

    /// <inheritdoc/>
    protected override void OnHeldBack(Errno error)
    {
        Slot.CountersOf(worker.Index).OnAcceptPause();
        worker.Descriptors.OnHeldBack(error);
    }
}
