// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Model;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L7.Runtime;

/// <summary>Opens listening sockets.</summary>
/// <remarks>A Unix socket has the mode that the process's umask leaves it: who may connect is settled by the umask and the directory it is in.</remarks>
internal static class ListenerBinder
{
    /// <summary>Connections that wait to be accepted; the kernel caps it at net.core.somaxconn (4096 since Linux 5.4).</summary>
    private const int Backlog = 65535;

    /// <summary>
    /// Most bytes that wait in the kernel for a client that does not read, beyond its window. Thousands of such clients would otherwise
    /// fill net.ipv4.tcp_mem, from where on the kernel throttles every connection of the host.
    /// </summary>
    internal const int UnsentLimit = 128 << 10;

    /// <summary>
    /// Binds an address and listens: one socket for each reactor, spread by SO_REUSEPORT; for a Unix socket, one in all. Where a process before has listened at the address and its
    /// sockets are kept, those go on, also where they are more than reactors: a connection may wait in each.
    /// </summary>
    /// <param name="id">Number of the listener.</param>
    /// <param name="bind">Where.</param>
    /// <param name="reactors">How many reactors.</param>
    /// <param name="store">Sockets of the process before.</param>
    /// <param name="isVirtual">Whether another host may have the address now, and this one later.</param>
    /// <exception cref="L7ApplyException">The address is taken, not ours, or not permitted; no socket stays open then, and those of the process before are the store's again.</exception>
    internal static ListenerSlot Open(int id, SocketEndpoint bind, int reactors, ListenerStore store, bool isVirtual = false)
    {
        var sockets = new List<FileDescriptor>();
        var inherited = 0;
        try
        {
            sockets.AddRange(Inherited(bind, store));
            inherited = sockets.Count;
            sockets.ForEach(socket => Listen(socket, bind)); // Again, with what this version sets: the one before may have set other things.
            if (bind.UnixPath is { } path && inherited == 0)
                RemoveStale(path, bind);
            var boundTo = bind;
            var count = bind.UnixPath is null ? reactors : 1;
            while (sockets.Count < count)
            {
                sockets.Add(OpenOne(boundTo, first: sockets.Count == 0, isVirtual));
                boundTo = bind.UnixPath is null ? WithKernelsPort(bind, sockets[0]) : bind;
            }

            return new ListenerSlot(id, bind, [.. sockets], inherited, boundTo, reactors);
        }
        catch
        {
            store.Return(sockets.Take(inherited));
            foreach (var socket in sockets.Skip(inherited))
                socket.Dispose();
            throw;
        }
    }

    /// <summary>Where a listener is bound, as the kernel has it: without IPv6, every address is every one of IPv4.</summary>
    internal static SocketAddress AddressOf(SocketEndpoint endpoint)
    {
        if (endpoint.UnixPath is { } path)
            return SocketAddress.Unix(path);
        var isAnyOfIpv4 = IPAddress.IPv6Any.Equals(endpoint.Address) && !Socket.OSSupportsIPv6;
        return SocketAddress.Ip(isAnyOfIpv4 ? IPAddress.Any : endpoint.Address!, endpoint.Port); // One of the two.
    }

    // Nobody can connect any more to a Unix socket whose file is gone.
    private static IReadOnlyList<FileDescriptor> Inherited(SocketEndpoint bind, ListenerStore store)
    {
        var sockets = store.Take(AddressOf(bind));
        if (bind.UnixPath is not { } path || FileKind.IsSocket(path))
            return sockets;
        foreach (var socket in sockets)
            ListenerStore.Close(socket);
        return [];
    }

    private static void Listen(FileDescriptor socket, SocketEndpoint bind)
    {
        if (bind.UnixPath is null)
        {
            Check(SocketCalls.SetNoDelay(socket.Number), bind);
            Check(SocketCalls.SetUnsentLimit(socket.Number, UnsentLimit), bind);
        }

        Check(SocketCalls.Listen(socket.Number, Backlog), bind);
    }

    /// <summary>
    /// Opens a listening socket. The first of an address shares it only once it listens, so that it is refused where another process listens, a
    /// second daemon for one: sharing with it would hand it part of the connections.
    /// </summary>
    private static FileDescriptor OpenOne(SocketEndpoint bind, bool first, bool isVirtual)
    {
        var address = AddressOf(bind);
        var created = SocketCalls.Create(address);
        Check(created, bind);
        var socket = new FileDescriptor(created.Value);
        try
        {
            if (bind.UnixPath is null)
            {
                Check(SocketCalls.SetReuseAddress(socket.Number), bind);
                if (!first)
                    Check(SocketCalls.SetReusePort(socket.Number), bind);
                if (address.IsIpv6)
                    Check(SocketCalls.SetIpv6Only(socket.Number, only: !IPAddress.IPv6Any.Equals(bind.Address)), bind);
            }

            if (isVirtual)
                Check(SocketCalls.SetFreeBind(socket.Number, address.IsIpv6), bind);
            Check(SocketCalls.Bind(socket.Number, ref address), bind);
            Listen(socket, bind);
            if (first && bind.UnixPath is null)
                Check(SocketCalls.SetReusePort(socket.Number), bind);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SocketEndpoint WithKernelsPort(SocketEndpoint bind, FileDescriptor socket) =>
        SocketEndpoint.Ip(bind.Address!, SocketCalls.LocalAddress(socket.Number).Port); // Not a Unix socket.

    private static void RemoveStale(string path, SocketEndpoint bind)
    {
        try
        {
            SocketFile.RemoveStale(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new L7ApplyException($"cannot listen at {bind}: {exception.Message}", exception);
        }
    }

    private static void Check(IoResult result, SocketEndpoint bind)
    {
        if (result.IsError)
            throw new L7ApplyException($"cannot listen at {bind}: {Explain(result.Error, bind)}");
    }

    internal static string Explain(Errno error, SocketEndpoint bind) => error switch
    {
        Errno.EADDRINUSE => "the address is in use",
        Errno.EADDRNOTAVAIL => "the address is on no interface of this host (net.ipv4.ip_nonlocal_bind=1 allows that)",
        Errno.EACCES when bind.UnixPath is not null => "permission denied",
        Errno.EACCES => "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)",
        _ => error.ToString(),
    };
}
