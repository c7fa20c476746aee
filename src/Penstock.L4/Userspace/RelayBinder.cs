// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Relays;
using Penstock.Model.L4;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>Opens listening sockets of services.</summary>
internal static class RelayBinder
{
    /// <summary>Most bytes that lie unsent in the kernel for a peer that does not read: two moves, so that one waits while another is made.</summary>
    public const int UnsentLimit = 2 * PipePool.Bytes;

    /// <summary>Most bytes of datagrams that wait for their turn, where the kernel lets it be so many: all clients of a service share the room.</summary>
    private const int DatagramBuffer = 2 << 20;

    /// <summary>Connections that wait to be accepted; the kernel caps it at net.core.somaxconn (4096 since Linux 5.4).</summary>
    private const int Backlog = 65535;

    /// <summary>Binds an address: one socket for each reactor, spread by SO_REUSEPORT. Where a process before has listened there, and its sockets are kept, those of TCP go on.</summary>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="endpoint">Where.</param>
    /// <param name="reactors">How many.</param>
    /// <param name="service">Whose.</param>
    /// <param name="store">Sockets of the process before.</param>
    /// <exception cref="L4ApplyException">The address is taken, not ours, or not permitted; no socket stays open then, and those of the process before are the store's again.</exception>
    public static RelayListener Open(TransportProtocol protocol, IPEndPoint endpoint, int reactors, RelayService service, ListenerStore store)
    {
        var sockets = new List<FileDescriptor>();
        var inherited = 0;
        try
        {
            if (protocol == TransportProtocol.Tcp)
                sockets.AddRange(store.Take(SocketAddress.Ip(endpoint.Address, endpoint.Port)));
            inherited = sockets.Count;
            sockets.ForEach(socket => Listen(socket, endpoint));
            while (sockets.Count < reactors)
                sockets.Add(OpenOne(protocol, endpoint, first: sockets.Count == 0));
            return new RelayListener(protocol, endpoint, [.. sockets], reactors, service) { Inherited = inherited, IsKept = inherited >= reactors };
        }
        catch
        {
            store.Return(sockets.Take(inherited));
            foreach (var socket in sockets.Skip(inherited))
                socket.Dispose();
            throw;
        }
    }

    // Again where it does already, with what this version sets: the one before may have set other things.
    private static void Listen(FileDescriptor socket, IPEndPoint endpoint)
    {
        Check(SocketCalls.SetNoDelay(socket.Number), TransportProtocol.Tcp, endpoint);
        Check(SocketCalls.SetUrgentInline(socket.Number), TransportProtocol.Tcp, endpoint);
        Check(SocketCalls.SetUnsentLimit(socket.Number, UnsentLimit), TransportProtocol.Tcp, endpoint);
        Check(SocketCalls.Listen(socket.Number, Backlog), TransportProtocol.Tcp, endpoint);
    }

    // The first of an address shares it only once it is bound, so that it is refused where another process has it: sharing would hand that one a part of the flows.
    private static FileDescriptor OpenOne(TransportProtocol protocol, IPEndPoint endpoint, bool first)
    {
        var address = SocketAddress.Ip(endpoint.Address, endpoint.Port);
        var isTcp = protocol == TransportProtocol.Tcp;
        var created = isTcp ? SocketCalls.Create(address) : SocketCalls.CreateDatagram(address);
        Check(created, protocol, endpoint);
        var socket = new FileDescriptor(created.Value);
        try
        {
            var isIpv6 = endpoint.AddressFamily == AddressFamily.InterNetworkV6;
            _ = SocketCalls.SetFreeBind(socket.Number, isIpv6); // Where it is not to be had, the address has to be there.
            if (isIpv6)
                Check(SocketCalls.SetIpv6Only(socket.Number, only: true), protocol, endpoint);
            if (!first)
                Check(SocketCalls.SetReusePort(socket.Number), protocol, endpoint);
            if (isTcp)
                Check(SocketCalls.SetReuseAddress(socket.Number), protocol, endpoint);
            else
                Widen(socket.Number);
            Check(SocketCalls.Bind(socket.Number, ref address), protocol, endpoint);
            if (isTcp)
                Listen(socket, endpoint);
            if (first)
                Check(SocketCalls.SetReusePort(socket.Number), protocol, endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Never narrower than it is; net.core.rmem_max is no limit to a process that may change it.
    private static void Widen(int socket)
    {
        if (SocketCalls.ReceiveBuffer(socket).Value < 2 * DatagramBuffer && SocketCalls.ForceReceiveBuffer(socket, DatagramBuffer).IsError)
            _ = SocketCalls.SetReceiveBuffer(socket, DatagramBuffer);
    }

    private static void Check(IoResult result, TransportProtocol protocol, IPEndPoint endpoint)
    {
        if (result.IsError)
            throw new L4ApplyException($"l4: cannot listen at {protocol.ToString().ToLowerInvariant()}://{endpoint}: {Explain(result.Error)}");
    }

    private static string Explain(Errno error) => error switch
    {
        Errno.EADDRINUSE => "the address is in use",
        Errno.EADDRNOTAVAIL => "the address is on no interface of this host",
        Errno.EACCES => "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)",
        Errno.EMFILE or Errno.ENFILE => "no descriptor is left",
        _ => error.ToString(),
    };
}
