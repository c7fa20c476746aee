// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tls;

/// <summary>Handshakes of one listener on one reactor, by how they ended; written by it alone, read by any thread.</summary>
internal sealed class TlsCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<HandshakeResult>().Length];

    /// <summary>Results and their names in metrics.</summary>
    internal static IReadOnlyList<(HandshakeResult Result, string Token)> Results { get; } =
        [.. Enum.GetValues<HandshakeResult>().Where(result => result != HandshakeResult.None).Select(result => (result, Token(result)))];

    /// <summary>How many ended so.</summary>
    internal long this[HandshakeResult result] => Volatile.Read(ref _counts[(int)result]);

    /// <summary>A handshake has ended.</summary>
    internal void Count(HandshakeResult result) => Volatile.Write(ref _counts[(int)result], _counts[(int)result] + 1);

    private static string Token(HandshakeResult result) => result switch
    {
        HandshakeResult.Full => "full",
        HandshakeResult.Resumed => "resumed",
        HandshakeResult.TimedOut => "timeout",
        HandshakeResult.Closed => "closed",
        HandshakeResult.PlainHttp => "plain_http",
        HandshakeResult.UnsupportedVersion => "unsupported_version",
        HandshakeResult.NoSharedCipher => "no_shared_cipher",
        HandshakeResult.NoApplicationProtocol => "no_application_protocol",
        HandshakeResult.NoCertificateYet => "no_certificate_yet",
        HandshakeResult.NoCertificate => "no_certificate",
        HandshakeResult.CertificateRefused => "certificate_refused",
        HandshakeResult.RefusedByPeer => "refused_by_peer",
        _ => "protocol_error",
    };
}
