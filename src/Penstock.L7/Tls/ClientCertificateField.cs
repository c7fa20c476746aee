// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>
/// X-Forwarded-Client-Cert as Envoy writes it (its http_conn_man headers, x-forwarded-client-cert): <c>Hash</c>, the SHA-256 of the
/// certificate; <c>Subject</c>, by RFC 2253; then each <c>URI</c> and <c>DNS</c> of its subject alternative names.
/// </summary>
internal static class ClientCertificateField
{
    /// <summary>The field's value for a certificate that was verified.</summary>
    internal static byte[] Of(TlsPeerCertificate certificate)
    {
        var value = new StringBuilder("Hash=").Append(Convert.ToHexStringLower(SHA256.HashData(certificate.Der)));
        value.Append(";Subject=");
        AppendQuoted(value, certificate.Subject);
        foreach (var (isUri, name) in certificate.Names())
        {
            value.Append(isUri ? ";URI=" : ";DNS=");
            if (NeedsQuotes(name))
                AppendQuoted(value, name);
            else
                value.Append(name);
        }

        return Encoding.ASCII.GetBytes(value.ToString());
    }

    private static bool NeedsQuotes(string name) => name.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || name.AsSpan().IndexOfAny(",;=\"\\") >= 0;

    private static void AppendQuoted(StringBuilder value, string text)
    {
        value.Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                value.Append('\\');

            // A control character would be another field's begin.
            value.Append(c is >= ' ' and <= '~' ? c : '?');
        }

        value.Append('"');
    }
}
