// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>Why a peer does not answer, or is not answered.</summary>
internal enum PeerFaultKind
{
    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>There is no way to its address.</summary>
    Unreachable,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>The certificate is not one of that node, or is not believed.</summary>
    Certificate,

    /// <summary>No TLS 1.3.</summary>
    Tls,

    /// <summary>It ended the connection, as one does that does not believe the certificate it was shown.</summary>
    Closed,

    /// <summary>An answer that is none.</summary>
    Answer,

    /// <summary>It calls itself by another name than its certificate.</summary>
    WrongNode,

    /// <summary>More handshakes than a host makes; it is refused, and may come again.</summary>
    Busy,
}
