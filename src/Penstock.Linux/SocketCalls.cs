// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux;

/// <summary>Socket system calls on non-blocking, close-on-exec sockets.</summary>
public static unsafe class SocketCalls
{
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int NoSignal = 0x4000;
    private const int OutOfBand = 0x1;
    private const nuint AtMark = 0x8905; // SIOCATMARK
    private const int PeekOnly = 0x2;
    private const int Stream = 1;
    private const int Datagram = 2;
    private const int LevelIp = 0;
    private const int LevelSocket = 1;
    private const int LevelTcp = 6;
    private const int LevelIpv6 = 41;
    private const int Rights = 1; // SCM_RIGHTS

    /// <summary>Most pieces <see cref="SendGathered"/> takes.</summary>
    public const int MaxVectors = 16;

    /// <summary>Most descriptors that one message takes (SCM_MAX_FD).</summary>
    public const int MaxDescriptors = 253;

    /// <summary>A stream socket of the address's family.</summary>
    public static IoResult Create(in SocketAddress address) =>
        IoResult.Of(Libc.socket(address.Family, Stream | NonBlockingCloseOnExec, 0));

    /// <summary>The same for one of many connections: EMFILE when only the <see cref="DescriptorReserve"/> is left.</summary>
    public static IoResult CreateUnreserved(in SocketAddress address) => KeepReserve(Create(address));

    /// <summary>A datagram socket of the address's family.</summary>
    public static IoResult CreateDatagram(in SocketAddress address) =>
        IoResult.Of(Libc.socket(address.Family, Datagram | NonBlockingCloseOnExec, 0));

    /// <summary>The same for one of many flows: EMFILE when only the <see cref="DescriptorReserve"/> is left.</summary>
    public static IoResult CreateDatagramUnreserved(in SocketAddress address) => KeepReserve(CreateDatagram(address));

    /// <summary>bind(2).</summary>
    public static IoResult Bind(int fd, ref SocketAddress address)
    {
        fixed (byte* bytes = &address.First)
        {
            return IoResult.Of(Libc.bind(fd, bytes, (uint)address.Length));
        }
    }

    /// <summary>listen(2).</summary>
    public static IoResult Listen(int fd, int backlog) => IoResult.Of(Libc.listen(fd, backlog));

    /// <summary>accept4(2); the peer's address goes to <paramref name="peer"/>. EMFILE, and the connection closed, when only the <see cref="DescriptorReserve"/> is left.</summary>
    public static IoResult Accept(int fd, ref SocketAddress peer)
    {
        var length = (uint)SocketAddress.Capacity;
        fixed (byte* bytes = &peer.First)
        {
            var result = IoResult.Of(Libc.accept4(fd, bytes, &length, NonBlockingCloseOnExec));
            peer.Length = (int)length;
            return KeepReserve(result);
        }
    }

    /// <summary>connect(2); EINPROGRESS means that writability tells the outcome.</summary>
    public static IoResult Connect(int fd, ref SocketAddress address)
    {
        fixed (byte* bytes = &address.First)
        {
            return IoResult.Of(Libc.connect(fd, bytes, (uint)address.Length));
        }
    }

    /// <summary>recv(2); zero bytes is the end of the stream.</summary>
    public static IoResult Receive(int fd, Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            return IoResult.Of(Libc.recv(fd, first, (nuint)buffer.Length, 0));
        }
    }

    /// <summary>recv(2) with MSG_PEEK: the same bytes come again.</summary>
    public static IoResult Peek(int fd, Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            return IoResult.Of(Libc.recv(fd, first, (nuint)buffer.Length, PeekOnly));
        }
    }

    /// <summary>recvfrom(2): one datagram; what does not fit is lost.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="buffer">Takes the datagram.</param>
    /// <param name="from">Takes the sender's address.</param>
    public static IoResult ReceiveFrom(int fd, Span<byte> buffer, ref SocketAddress from)
    {
        var length = (uint)SocketAddress.Capacity;
        fixed (byte* first = buffer, bytes = &from.First)
        {
            var result = IoResult.Of(Libc.recvfrom(fd, first, (nuint)buffer.Length, 0, bytes, &length));
            from.Length = (int)length;
            return result;
        }
    }

    /// <summary>sendto(2) of one datagram with MSG_NOSIGNAL.</summary>
    public static IoResult SendTo(int fd, ReadOnlySpan<byte> data, ref SocketAddress to)
    {
        fixed (byte* first = data, bytes = &to.First)
        {
            return IoResult.Of(Libc.sendto(fd, first, (nuint)data.Length, NoSignal, bytes, (uint)to.Length));
        }
    }

    /// <summary>Whether anything can be received at once: a byte, the end of the stream or an error.</summary>
    public static bool HasInput(int fd)
    {
        byte one;
        var result = IoResult.Of(Libc.recv(fd, &one, 1, PeekOnly));
        return result.Error != Errno.EAGAIN;
    }

    /// <summary>send(2) with MSG_NOSIGNAL.</summary>
    public static IoResult Send(int fd, ReadOnlySpan<byte> data)
    {
        fixed (byte* first = data)
        {
            return IoResult.Of(Libc.send(fd, first, (nuint)data.Length, NoSignal));
        }
    }

    /// <summary>send(2) of a byte as TCP's urgent one (MSG_OOB).</summary>
    public static IoResult SendUrgent(int fd, byte value) => IoResult.Of(Libc.send(fd, &value, 1, NoSignal | OutOfBand));

    /// <summary>sockatmark(3): whether the next byte of the stream is the urgent one.</summary>
    public static bool IsAtUrgent(int fd)
    {
        var atMark = 0;
        return Libc.ioctl(fd, AtMark, &atMark) == 0 && atMark != 0;
    }

    /// <summary>sendmsg(2) of up to <see cref="MaxVectors"/> pieces with MSG_NOSIGNAL.</summary>
    public static IoResult SendGathered(int fd, ReadOnlySpan<IoVector> pieces)
    {
        fixed (IoVector* first = pieces)
        {
            var message = new Libc.MessageHeader { Vectors = first, VectorCount = (nuint)pieces.Length };
            return IoResult.Of(Libc.sendmsg(fd, &message, NoSignal));
        }
    }

    /// <summary>sendmsg(2) with descriptors beside the data (SCM_RIGHTS, unix(7)); waits where the socket does.</summary>
    /// <param name="fd">A Unix socket.</param>
    /// <param name="data">At least one byte.</param>
    /// <param name="descriptors">At most <see cref="MaxDescriptors"/>; the receiver gets its own of each.</param>
    public static IoResult SendDescriptors(int fd, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors, nameof(descriptors));
        var length = sizeof(Libc.ControlHeader) + (descriptors.Length * sizeof(int));
        Span<byte> control = stackalloc byte[(length + sizeof(nuint) - 1) & -sizeof(nuint)];
        MemoryMarshal.Write(control, new Libc.ControlHeader { Length = (nuint)length, Level = LevelSocket, Type = Rights });
        MemoryMarshal.AsBytes(descriptors).CopyTo(control[sizeof(Libc.ControlHeader)..]);
        fixed (byte* first = data, rights = control)
        {
            var piece = new IoVector((nint)first, (nuint)data.Length);
            var message = new Libc.MessageHeader { Vectors = &piece, VectorCount = 1, Control = rights, ControlLength = (nuint)length };
            return IoResult.Of(Libc.sendmsg_waiting(fd, &message, NoSignal));
        }
    }

    /// <summary>
    /// Has a listening TCP socket take nobody who begins to connect from now on: his packets are dropped, and sent again a second later, when a socket that listens no more has him
    /// refused. Who waits in its queue can still be accepted. For every process that has it open.
    /// </summary>
    public static IoResult TakeNobodyNew(int fd) => SocketFilter.TakeNoSyn(fd);

    /// <summary>
    /// shutdown(2) of a listening socket, both ways: nobody can connect any more, whichever processes have it open, and who waits in its queue is reset. Whoever polls it sees EPOLLHUP.
    /// </summary>
    public static void StopListening(int fd) => _ = Libc.shutdown(fd, 2);

    /// <summary>Whether a descriptor is a stream socket that listens (SO_ACCEPTCONN).</summary>
    public static bool IsListening(int fd) => GetInt(fd, LevelSocket, 30) is { IsError: false, Value: not 0 };

    /// <summary>shutdown(2) of the writing half.</summary>
    public static void ShutdownWrite(int fd) => _ = Libc.shutdown(fd, 1);

    /// <summary>close(2).</summary>
    public static void Close(int fd) => _ = Libc.close(fd);

    /// <summary>Closes with a reset instead of an orderly end (SO_LINGER of zero).</summary>
    public static void Reset(int fd)
    {
        var linger = 1L;
        _ = Libc.setsockopt(fd, LevelSocket, 13, &linger, sizeof(long));
        _ = Libc.close(fd);
    }

    /// <summary>SO_ERROR: the outcome of a connect, taken once.</summary>
    public static Errno TakeError(int fd)
    {
        var result = GetInt(fd, LevelSocket, 4);
        return result.IsError ? result.Error : (Errno)result.Value;
    }

    /// <summary>SO_REUSEADDR.</summary>
    public static IoResult SetReuseAddress(int fd) => SetInt(fd, LevelSocket, 2, 1);

    /// <summary>SO_REUSEPORT.</summary>
    public static IoResult SetReusePort(int fd) => SetInt(fd, LevelSocket, 15, 1);

    /// <summary>TCP_NODELAY; sockets accepted from a listener inherit it.</summary>
    public static IoResult SetNoDelay(int fd) => SetInt(fd, LevelTcp, 1, 1);

    /// <summary>
    /// TCP_NOTSENT_LOWAT (Linux 3.12): a send stops taking bytes while this many lie unsent in the socket's queue; sockets accepted from a
    /// listener inherit it. Without it the queue of a peer that does not read grows to tcp_wmem's maximum, usually 4 MiB.
    /// </summary>
    public static IoResult SetUnsentLimit(int fd, int bytes) => SetInt(fd, LevelTcp, 25, bytes);

    /// <summary>SO_RCVBUF: room for what has not been received yet, its bookkeeping included; the kernel takes net.core.rmem_max for more than that, and doubles either.</summary>
    public static IoResult SetReceiveBuffer(int fd, int bytes) => SetInt(fd, LevelSocket, 8, bytes);

    /// <summary>SO_RCVBUFFORCE: the same without regard to net.core.rmem_max; takes CAP_NET_ADMIN.</summary>
    public static IoResult ForceReceiveBuffer(int fd, int bytes) => SetInt(fd, LevelSocket, 33, bytes);

    /// <summary>SO_RCVBUF as the kernel reckons it: twice what was asked for.</summary>
    public static IoResult ReceiveBuffer(int fd) => GetInt(fd, LevelSocket, 8);

    /// <summary>SO_OOBINLINE: the urgent byte is read in its place among the others; sockets accepted from a listener inherit it.</summary>
    public static IoResult SetUrgentInline(int fd) => SetInt(fd, LevelSocket, 10, 1);

    /// <summary>IPV6_V6ONLY.</summary>
    public static IoResult SetIpv6Only(int fd, bool only) => SetInt(fd, LevelIpv6, 26, only ? 1 : 0);

    /// <summary>IP_FREEBIND, IPV6_FREEBIND (Linux 4.15): binding to an address that no interface has yet, without a right of its own.</summary>
    public static IoResult SetFreeBind(int fd, bool isIpv6) => isIpv6 ? SetInt(fd, LevelIpv6, 78, 1) : SetInt(fd, LevelIp, 15, 1);

    /// <summary>getsockname(2); an address of no bytes where it fails.</summary>
    public static SocketAddress LocalAddress(int fd)
    {
        var address = default(SocketAddress);
        var length = (uint)SocketAddress.Capacity;
        int status;
        fixed (byte* bytes = &address.First)
        {
            status = Libc.getsockname(fd, bytes, &length);
        }

        address.Length = status < 0 ? 0 : (int)length;
        return address;
    }

    /// <summary>
    /// Whether a socket is connected to itself: where nothing listens at a port of this host's that connect(2) may choose for its own end too, TCP's simultaneous open,
    /// or UDP, makes a connection of it.
    /// </summary>
    /// <param name="fd">The socket.</param>
    /// <param name="peer">What it is connected to.</param>
    public static bool IsItsOwnPeer(int fd, in SocketAddress peer)
    {
        var local = LocalAddress(fd);
        return local.Port == peer.Port && local.Address.SequenceEqual(peer.Address);
    }

    private static IoResult KeepReserve(IoResult descriptor)
    {
        if (descriptor.Value < DescriptorReserve.Ceiling)
            return descriptor; // An errno is negative.
        Close(descriptor.Value);
        return IoResult.Failed(Errno.EMFILE);
    }

    private static IoResult SetInt(int fd, int level, int name, int value) =>
        IoResult.Of(Libc.setsockopt(fd, level, name, &value, sizeof(int)));

    private static IoResult GetInt(int fd, int level, int name)
    {
        int value = 0;
        var length = (uint)sizeof(int);
        var result = IoResult.Of(Libc.getsockopt(fd, level, name, &value, &length));
        return result.IsError ? result : IoResult.Of(value);
    }
}
