// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Admission;

namespace Penstock.L7.ProxyProtocol;

/// <summary>What a PROXY header says.</summary>
/// <param name="Length">Bytes of the header; the client's own follow.</param>
/// <param name="Source">The client. None where the header names nobody, or no TCP client over IP: the connection's own addresses hold then.</param>
/// <param name="SourcePort">Its port.</param>
/// <param name="Destination">What the client connected to.</param>
/// <param name="DestinationPort">Its port.</param>
/// <param name="UniqueId">Where in the header the sender's name for the connection is (PP2_TYPE_UNIQUE_ID); empty: it gave none.</param>
/// <param name="Alpn">Where the protocol is that the client agreed upon (PP2_TYPE_ALPN); empty: it is not said.</param>
/// <param name="Authority">Where the name is that the client asked for (PP2_TYPE_AUTHORITY); empty: it is not said.</param>
/// <param name="Ssl">Where it is said what TLS the client has (PP2_TYPE_SSL); empty: it is not said.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ProxyHeader(
    int Length,
    ClientAddress Source,
    int SourcePort,
    ClientAddress Destination,
    int DestinationPort,
    Range UniqueId,
    Range Alpn = default,
    Range Authority = default,
    Range Ssl = default);
