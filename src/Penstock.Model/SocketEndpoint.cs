// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Model;

/// <summary>An address a socket binds or connects to: an IP address and port, or the path of a Unix socket.</summary>
/// <remarks>Text forms: <c>192.0.2.1:80</c>, <c>[2001:db8::1]:80</c>, <c>:80</c> (any address, IPv4 and IPv6), <c>unix:/run/x.sock</c>.</remarks>
public readonly record struct SocketEndpoint
{
    private SocketEndpoint(IPAddress? address, int port, string? unixPath)
    {
        Address = address;
        Port = port;
        UnixPath = unixPath;
    }

    /// <summary>The IP address; null for a Unix socket. <see cref="IPAddress.IPv6Any"/> binds both families.</summary>
    public IPAddress? Address { get; }

    /// <summary>Port, 0 to 65535 (0 lets the kernel choose when binding); 0 for a Unix socket.</summary>
    public int Port { get; }

    /// <summary>Path of the Unix socket, at most 107 bytes (unix(7)); null for an IP address.</summary>
    public string? UnixPath { get; }

    /// <summary>An IP endpoint.</summary>
    public static SocketEndpoint Ip(IPAddress address, int port) => new(address, port, unixPath: null);

    /// <summary>A Unix socket.</summary>
    public static SocketEndpoint Unix(string path) => new(address: null, port: 0, path);

    /// <inheritdoc/>
    public override string ToString() => UnixPath is not null ? "unix:" + UnixPath : new IPEndPoint(Address!, Port).ToString();
}
