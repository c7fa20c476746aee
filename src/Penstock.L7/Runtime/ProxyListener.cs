// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Runtime;

/// <summary>A listener's socket on one reactor: what it accepts is served.</summary>
internal sealed class ProxyListener(Worker worker, ListenerSlot slot)
    : AcceptSource(worker.Reactor, slot.SocketOf(worker.Index), slot.IsShared)
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
