// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tls;

/// <summary>How a TLS handshake ended.</summary>
internal enum HandshakeResult
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>With a certificate.</summary>
    Full,

    /// <summary>Without, as it went on from an earlier session.</summary>
    Resumed,

    /// <summary>Not in time.</summary>
    TimedOut,

    /// <summary>The peer closed or reset its connection.</summary>
    Closed,

    /// <summary>The peer sent HTTP without TLS.</summary>
    PlainHttp,

    /// <summary>The peer offers no version that is allowed.</summary>
    UnsupportedVersion,

    /// <summary>The peer offers no cipher that is allowed.</summary>
    NoSharedCipher,

    /// <summary>The peer offers other protocols by ALPN only.</summary>
    NoApplicationProtocol,

    /// <summary>The peer has shown no certificate, and must.</summary>
    NoCertificate,

    /// <summary>There is no certificate to show yet: a CA has still to issue it.</summary>
    NoCertificateYet,

    /// <summary>The peer's certificate can't be verified.</summary>
    CertificateRefused,

    /// <summary>The peer sent a fatal alert: it refuses the certificate, or something else.</summary>
    RefusedByPeer,

    /// <summary>What the peer sent breaks the protocol.</summary>
    ProtocolError,
}
