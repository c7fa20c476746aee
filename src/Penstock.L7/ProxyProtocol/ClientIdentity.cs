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

    /// <summary>The protocol that it agreed upon by ALPN, at most <see cref="ProxyHeaderWriter.MaxValueLength"/> bytes; empty: none, or nobody has said.</summary>
    internal ReadOnlyMemory<byte> Alpn { get; init; }

    /// <summary>The name that it asked for by TLS (SNI), at most <see cref="ProxyHeaderWriter.MaxValueLength"/> bytes; empty: none, or nobody has said.</summary>
    internal ReadOnlyMemory<byte> Authority { get; init; }

    /// <summary>What TLS it has, as PP2_TYPE_SSL says it, at most <see cref="ProxyHeaderWriter.MaxSslLength"/> bytes; empty: none, or nobody has said.</summary>
    internal ReadOnlyMemory<byte> Ssl { get; init; }

    /// <summary>What its PROXY header has said beside addresses, for the access log; empty: nothing, or there was none.</summary>
    internal ReadOnlyMemory<byte> Said { get; init; }

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
