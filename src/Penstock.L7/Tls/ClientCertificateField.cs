// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>
/// X-Forwarded-Client-Cert as Envoy writes it (its http_conn_man headers, x-forwarded-client-cert): <c>Hash</c>, the SHA-256 of the
/// certificate; <c>Subject</c>, by RFC 2253; then each <c>URI</c> and <c>DNS</c> of its subject alternative names. What can't be written as it is, is left out.
/// </summary>
internal static class ClientCertificateField
{
    /// <summary>The longest value: with the field's name it is one that servers take (LimitRequestFieldSize of Apache is 8190, a buffer of nginx 8 KiB). Bytes.</summary>
    internal const int MaxBytes = 8000;

    /// <summary>The field's value for a certificate that was verified.</summary>
    internal static byte[] Of(TlsPeerCertificate certificate)
    {
        var value = new StringBuilder("Hash=").Append(Convert.ToHexStringLower(SHA256.HashData(certificate.Der)));

        // RFC 2253 escapes quotes and backslashes, and everything beyond printable ASCII, as the field does.
        var fits = TryAppend(value, $";Subject=\"{certificate.Subject}\"");
        foreach (var (isUri, name) in certificate.Names())
        {
            if (fits && IsName(name))
                fits = TryAppend(value, (isUri ? ";URI=" : ";DNS=") + (name.AsSpan().ContainsAny(',', ';', '=') ? $"\"{name}\"" : name));
        }

        return Encoding.ASCII.GetBytes(value.ToString());
    }

    // What is cut off in its middle may be another one's name: it is all of it, or it and what follows are left out.
    private static bool TryAppend(StringBuilder value, string element)
    {
        if (value.Length + element.Length > MaxBytes)
            return false;
        value.Append(element);
        return true;
    }

    // Of characters that a URI (RFC 3986 section 2) or a host has; others would have to be escaped, which not everybody who reads the field understands.
    private static bool IsName(string name) => name.Length > 0 && name.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 && !name.AsSpan().ContainsAny('"', '\\');
}
