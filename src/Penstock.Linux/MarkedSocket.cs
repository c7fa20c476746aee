// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Linux;

/// <summary>A TCP socket all of whose packets have a mark, those that leave and those that it takes.</summary>
public static unsafe class MarkedSocket
{
    private const int LevelSocket = 1;
    private const int Mark = 36; // SO_MARK

    /// <summary>Sets the mark, has the kernel drop what comes in without it, and binds to a port that no other bound socket has.</summary>
    /// <param name="fd">A TCP socket that is not connected.</param>
    /// <param name="isIpv6">Its family.</param>
    /// <param name="mark">The mark.</param>
    /// <returns>The first failure: EPERM without CAP_NET_ADMIN.</returns>
    public static IoResult Prepare(int fd, bool isIpv6, uint mark)
    {
        var marked = IoResult.Of(Libc.setsockopt(fd, LevelSocket, Mark, &mark, sizeof(uint)));
        if (marked.IsError)
            return marked;
        var filtered = SocketFilter.TakeMarked(fd, mark);
        if (filtered.IsError)
            return filtered;
        var any = SocketAddress.Ip(isIpv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return SocketCalls.Bind(fd, ref any); // without SO_REUSEADDR, which the framework would set
    }
}
