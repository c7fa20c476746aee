// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Admission;
using Penstock.Linux;

namespace Penstock.L7.ProxyProtocol;

/// <summary>Who a connection's client is and what it connected to: by its PROXY header, or as the socket has it.</summary>
internal sealed record ClientIdentity
{
    /// <summary>The client; none over a Unix socket.</summary>
    internal ClientAddress Source { get; init; }

    /// <summary>Its port.</summary>
    internal int SourcePort { get; init; }

    /// <summary>What it connected to; none over a Unix socket.</summary>
    internal ClientAddress Destination { get; init; }

    /// <summary>Its port.</summary>
    internal int DestinationPort { get; init; }

    /// <summary>A name for the connection, at most 128 bytes; empty: it has none.</summary>
    internal ReadOnlyMemory<byte> UniqueId { get; init; }

    /// <summary>As a socket has it.</summary>
    internal static ClientIdentity Of(int fd, ClientAddress source, int port)
    {
        var local = SocketCalls.LocalAddress(fd);
        return new ClientIdentity
        {
            Source = source,
            SourcePort = port,
            Destination = local.Length == 0 ? default : ClientAddress.FromBytes(local.Address),
            DestinationPort = local.Length == 0 ? 0 : local.Port,
        };
    }
}
