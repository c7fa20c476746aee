// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L4.Userspace;

/// <summary>A TCP listener's socket on one reactor.</summary>
/// <param name="worker">The reactor's worker.</param>
/// <param name="listener">Where it listens.</param>
/// <param name="socket">One of the listener's sockets.</param>
internal sealed class TcpAcceptor(RelayWorker worker, RelayListener listener, int socket) : AcceptSource(worker.Reactor, socket, shared: false)
{
    /// <inheritdoc/>
    protected override bool HasRoom => worker.HasRoom;

    /// <inheritdoc/>
    protected override void OnAccepted(int fd, in SocketAddress peer) => worker.Relay(listener, fd, peer);

    /// <inheritdoc/>
    protected override void OnHeldBack(Errno error) => worker.OnExhausted();
}
