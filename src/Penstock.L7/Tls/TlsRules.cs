// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>What all certificates of a listener have in common.</summary>
/// <param name="Config">Its TLS.</param>
/// <param name="Http2">Whether HTTP/2 is spoken to clients that offer it.</param>
/// <param name="TicketKeys">Keys of session tickets.</param>
/// <param name="Domain">Sessions of another domain are not gone on with.</param>
internal sealed record TlsRules(ListenerTlsConfig Config, bool Http2, TlsTicketKeys TicketKeys, byte[] Domain)
{
    // Mozilla, Server Side TLS 5.7: "intermediate" without the ciphers that exchange keys by finite-field Diffie-Hellman.
    private const string Ciphers12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    private const string Ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    private const string Groups = "X25519:P-256:P-384";

    /// <summary>How long a session can be gone on with (BoringSSL: SSL_DEFAULT_SESSION_TIMEOUT is 2 h).</summary>
    private static readonly TimeSpan s_sessionLifetime = TimeSpan.FromHours(2);

    /// <summary>A context without certificates.</summary>
    internal TlsContext NewContext()
    {
        var context = new TlsContext();
        context.SetLeastVersion(Config.Profile == TlsProfile.Modern ? TlsContext.Tls13 : TlsContext.Tls12);
        context.SetCiphers(Ciphers12, Ciphers13);
        context.SetGroups(Groups);
        if (Http2)
            context.SetProtocols("h2", "http/1.1"); // The best first.
        else
            context.SetProtocols("http/1.1");
        context.ResumeBy(TicketKeys, Domain, s_sessionLifetime);
        if (Config.ClientCertificates is { } clients)
            context.VerifyClients(clients.Ca, clients.Mode == ClientCertificateMode.Require);
        return context;
    }
}
