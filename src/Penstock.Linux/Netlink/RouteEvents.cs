// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>Says when neighbours or routes of this network namespace change (RTNLGRP_NEIGH and the routes' groups of rtnetlink(7)), on a thread of its own.</summary>
public sealed unsafe class RouteEvents : IDisposable
{
    private const int Family = 16;                           // AF_NETLINK
    private const int RawNonBlockingCloseOnExec = 3 | 0x800 | 0x80000;
    private const int AddressLength = 12;                    // sizeof(struct sockaddr_nl)
    private const uint Groups = 0x4 | 0x40 | 0x400;          // RTMGRP_NEIGH, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE
    private const short Readable = 1;                        // POLLIN
    private const int BufferLength = 8192;                   // a datagram that is longer is cut, and is one all the same
    private const int LookEvery = 500;                       // milliseconds between two looks at whether to end

    // Of a burst, one call: the kernel tells each step of each neighbour.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly FileDescriptor _descriptor;
    private readonly Action _changed;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    /// <summary>Begins.</summary>
    /// <param name="changed">Called after changes, at most four times a second.</param>
    /// <exception cref="NetlinkException">The kernel gives no socket.</exception>
    public RouteEvents(Action changed)
    {
        _changed = changed;
        var created = IoResult.Of(Libc.socket(Family, RawNonBlockingCloseOnExec, (int)NetlinkProtocol.Route));
        if (created.IsError)
            throw new NetlinkException($"could not open a netlink socket for events: {created.Error}", created.Error);
        _descriptor = new FileDescriptor(created.Value);
        var address = stackalloc uint[AddressLength / sizeof(uint)] { Family, 0, Groups };
        var bound = IoResult.Of(Libc.bind(_descriptor.Number, (byte*)address, AddressLength));
        if (bound.IsError)
        {
            _descriptor.Dispose();
            throw new NetlinkException($"could not bind a netlink socket for events: {bound.Error}", bound.Error);
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "route events" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _descriptor.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        var poll = new Libc.PollDescriptor { Descriptor = _descriptor.Number, Events = Readable };
        while (!_stop.IsSet)
        {
            _ = Libc.poll(&poll, 1, LookEvery); // Errors show at the read.
            if (!Drain() || _stop.IsSet)
                continue;
            _changed();
            _stop.Wait(Pause);
        }
    }

    // What has changed is asked anew: a burst that the socket had no room for (ENOBUFS) is one, too.
    private bool Drain()
    {
        var buffer = stackalloc byte[BufferLength];
        var address = stackalloc byte[AddressLength];
        for (var any = false; ; any = true)
        {
            uint length = AddressLength;
            var received = IoResult.Of(Libc.recvfrom(_descriptor.Number, buffer, BufferLength, 0, address, &length));
            if (received is { IsError: true, Error: not (Errno.ENOBUFS or Errno.EINTR) })
                return any;
        }
    }
}
