// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>A bound address and port, with a socket for each reactor, or more where a process before had more. It outlives reloads that keep the address.</summary>
/// <param name="protocol">TCP or UDP.</param>
/// <param name="endpoint">The address and port.</param>
/// <param name="sockets">The sockets.</param>
/// <param name="reactors">How many reactors.</param>
/// <param name="service">Whose it is.</param>
internal sealed class RelayListener(TransportProtocol protocol, IPEndPoint endpoint, FileDescriptor[] sockets, int reactors, RelayService service)
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

    /// <summary>Its sockets.</summary>
    public IReadOnlyList<FileDescriptor> Sockets => sockets;

    /// <summary>How many of them, from the first on, are of a process before.</summary>
    public int Inherited { get; init; }

    /// <summary>The service manager has the sockets, too: they may outlive this process.</summary>
    public bool IsKept { get; set; }

    /// <summary>The sockets of a reactor; of UDP, one.</summary>
    public IEnumerable<int> SocketsOf(int reactor) => Own(reactor).Select(socket => socket.Number);

    /// <summary>Ends a reactor's listening, once its sockets are out of its epoll instance: nobody listens there any more, whoever has the sockets besides.</summary>
    public void CloseSocketsOf(int reactor)
    {
        foreach (var socket in Own(reactor).Where(socket => !socket.IsClosed))
        {
            if (protocol == TransportProtocol.Tcp)
                ListenerStore.Close(socket);
            else
                socket.Dispose();
        }
    }

    /// <summary>Lets go of every socket before any reactor listens: those of a process before are the store's again.</summary>
    public void TakeBack(ListenerStore store)
    {
        store.Return(sockets.Take(Inherited));
        foreach (var socket in sockets.Skip(Inherited))
            socket.Dispose();
    }

    /// <summary>Lets go of every socket, when no reactor listens; those that are kept go on listening without this process.</summary>
    public void Close()
    {
        foreach (var socket in sockets)
            socket.Dispose();
    }

    private IEnumerable<FileDescriptor> Own(int reactor) => sockets.Where((_, i) => i % reactors == reactor);
}
