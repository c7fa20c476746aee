// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;

namespace Penstock.Linux.Netlink;

/// <summary>
/// A netlink socket for requests and their answers, in the network namespace of the thread that opened it. Not for several threads at a time.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    /// <summary>How long an answer may take, unless told otherwise: the kernel answers before the request returns, but may wait for a lock.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Most bytes of requests that are sent together, so that their acknowledgements fit the socket's queue.</summary>
    public const int BatchBytes = 16 * 1024;

    private const int Family = 16;              // AF_NETLINK
    private const int RawNonBlockingCloseOnExec = 3 | 0x800 | 0x80000;
    private const int LevelSocket = 1;
    private const int LevelNetlink = 270;
    private const int ReceiveBuffer = 8;        // SO_RCVBUF
    private const int ExtendedAck = 11;         // NETLINK_EXT_ACK
    private const int CapAck = 10;              // NETLINK_CAP_ACK
    private const int RealLength = 0x20;        // MSG_TRUNC
    private const int AddressLength = 12;       // sizeof(struct sockaddr_nl)
    private const short Readable = 1;           // POLLIN
    private const int DumpAttempts = 5;

    private readonly FileDescriptor _descriptor;
    private readonly TimeSpan _timeout;
    private readonly byte[] _datagram = new byte[64 * 1024]; // The kernel's dumps take 32 KiB at most (netlink_dump).
    private uint _sequence;

    private NetlinkSocket(FileDescriptor descriptor, TimeSpan timeout)
    {
        _descriptor = descriptor;
        _timeout = timeout;
    }

    /// <summary>Opens one.</summary>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="timeout">How long an answer may take; null: <see cref="DefaultTimeout"/>.</param>
    /// <exception cref="NetlinkException">The kernel lacks the protocol, or descriptors have run out.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol, TimeSpan? timeout = null)
    {
        var created = IoResult.Of(Libc.socket(Family, RawNonBlockingCloseOnExec, (int)protocol));
        if (created.IsError)
            throw new NetlinkException($"could not open a netlink socket ({protocol}): {created.Error}", created.Error);
        var descriptor = new FileDescriptor(created.Value);
        var address = stackalloc byte[AddressLength];
        new Span<byte>(address, AddressLength).Clear();
        *(ushort*)address = Family;
        var bound = IoResult.Of(Libc.bind(descriptor.Number, address, AddressLength));
        if (bound.IsError)
        {
            descriptor.Dispose();
            throw new NetlinkException($"could not bind a netlink socket ({protocol}): {bound.Error}", bound.Error);
        }

        // Each of these only makes answers better; an old kernel does without.
        Set(descriptor, LevelNetlink, ExtendedAck, 1);
        Set(descriptor, LevelNetlink, CapAck, 1);
        Set(descriptor, LevelSocket, ReceiveBuffer, 1 << 20);
        return new NetlinkSocket(descriptor, timeout ?? DefaultTimeout);
    }

    /// <summary>Sends requests together and waits for all their outcomes. The kernel takes them in order, and goes on after one that fails.</summary>
    /// <param name="requests">The requests; they are numbered here. No dump may be among several.</param>
    /// <param name="handler">Takes messages that are no outcome; null: there are none.</param>
    /// <returns>Outcomes in the order of the requests.</returns>
    /// <exception cref="NetlinkException">They could not be sent, or an answer did not come or was malformed: what was done is not known.</exception>
    public NetlinkOutcome[] Exchange(NetlinkWriter requests, NetlinkHandler? handler = null)
    {
        if (requests.Count == 0)
            return [];
        var first = unchecked(_sequence + 1);
        _sequence = unchecked(_sequence + (uint)requests.Count);
        requests.Number(first);
        Send(requests.Bytes);
        var replies = new NetlinkReplies(first, requests.Count);
        var started = Stopwatch.GetTimestamp();
        while (!replies.IsComplete)
            replies.Take(Receive(started), handler);
        return replies.Outcomes;
    }

    /// <summary>Sends one request that has to succeed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="asked">What it asks, as words that can follow "could not".</param>
    /// <param name="handler">Takes messages that are no outcome; null: there are none.</param>
    /// <exception cref="NetlinkException">It failed.</exception>
    public void Require(NetlinkWriter request, string asked, NetlinkHandler? handler = null)
    {
        foreach (var outcome in Exchange(request, handler))
        {
            if (!outcome.IsOk)
                throw NetlinkException.Of(asked, outcome);
        }
    }

    /// <summary>Asks for all objects, again when they change meanwhile.</summary>
    /// <param name="request">One request with <see cref="NetlinkFlags.Dump"/>.</param>
    /// <param name="asked">What it asks, as words that can follow "could not".</param>
    /// <param name="restart">Forgets what the handler has taken; called before each attempt.</param>
    /// <param name="handler">Takes each object.</param>
    /// <exception cref="NetlinkException">It failed, or the objects changed during each of five attempts.</exception>
    public void Dump(NetlinkWriter request, string asked, Action restart, NetlinkHandler handler)
    {
        for (var attempt = 1; attempt <= DumpAttempts; attempt++)
        {
            restart();
            var outcome = Exchange(request, handler)[0];
            if (!outcome.IsOk)
                throw NetlinkException.Of(asked, outcome);
            if (!outcome.Interrupted)
                return;
        }

        throw new NetlinkException($"could not {asked}: it changed during each of {DumpAttempts} attempts", Errno.EAGAIN);
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private static void Set(FileDescriptor descriptor, int level, int name, int value) =>
        _ = Libc.setsockopt(descriptor.Number, level, name, &value, sizeof(int));

    private void Send(ReadOnlySpan<byte> bytes)
    {
        IoResult sent;
        fixed (byte* first = bytes)
        {
            // The kernel does the work of requests within this call.
            sent = IoResult.Of(Libc.sendto(_descriptor.Number, first, (nuint)bytes.Length, 0, null, 0));
        }

        if (sent.IsError)
            throw new NetlinkException($"could not send netlink requests: {sent.Error}", sent.Error);
    }

    private ReadOnlySpan<byte> Receive(long started)
    {
        var address = stackalloc byte[AddressLength];
        while (true)
        {
            uint addressLength = AddressLength;
            IoResult received;
            fixed (byte* first = _datagram)
            {
                received = IoResult.Of(Libc.recvfrom(_descriptor.Number, first, (nuint)_datagram.Length, RealLength, address, &addressLength));
            }

            if (received is { IsError: true, Error: Errno.EAGAIN })
                Wait(started);
            else if (received is { IsError: true, Error: not Errno.EINTR })
                throw new NetlinkException($"could not receive netlink answers: {received.Error}", received.Error);
            else if (received.Value > _datagram.Length)
                throw NetlinkException.Malformed($"a datagram of {received.Value} bytes, which is more than the kernel sends");
            else if (!received.IsError && ((uint*)address)[1] == 0) // nl_pid: the kernel, and no other process.
                return _datagram.AsSpan(0, received.Value);
        }
    }

    private void Wait(long started)
    {
        var left = _timeout - Stopwatch.GetElapsedTime(started);
        if (left <= TimeSpan.Zero)
            throw new NetlinkException($"the kernel did not answer within {_timeout.TotalSeconds:0.###} s", Errno.ETIMEDOUT);
        var poll = new Libc.PollDescriptor { Descriptor = _descriptor.Number, Events = Readable };
        _ = Libc.poll(&poll, 1, (int)Math.Ceiling(left.TotalMilliseconds)); // Errors show at the next read.
    }
}
