// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>A bound address and port, with a socket for each reactor. It outlives reloads that keep the address.</summary>
/// <param name="protocol">TCP or UDP.</param>
/// <param name="endpoint">The address and port.</param>
/// <param name="sockets">The sockets.</param>
/// <param name="service">Whose it is.</param>
internal sealed class RelayListener(TransportProtocol protocol, IPEndPoint endpoint, FileDescriptor[] sockets, RelayService service)
{
    private volatile RelayService _service = service;

    /// <summary>TCP or UDP.</summary>
    public TransportProtocol Protocol => protocol;

    /// <summary>The address and port.</summary>
    public IPEndPoint Endpoint => endpoint;

    /// <summary>Whose it is, as of the newest snapshot.</summary>
    public RelayService Service
    {
        get => _service;
        set => _service = value;
    }

    /// <summary>The socket of a reactor.</summary>
    public int SocketOf(int reactor) => sockets[reactor].Number;

    /// <summary>Closes a reactor's socket, once it is out of its epoll instance.</summary>
    public void CloseSocketOf(int reactor) => sockets[reactor].Dispose();

    /// <summary>Closes every socket: no reactor listens.</summary>
    public void Close()
    {
        foreach (var socket in sockets)
            socket.Dispose();
    }
}
