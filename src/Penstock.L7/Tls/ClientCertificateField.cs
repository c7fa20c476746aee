// SPDX-License-Identifier: Apache-2.0
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>
/// X-Forwarded-Client-Cert as Envoy writes it (its http_conn_man headers, x-forwarded-client-cert): <c>Hash</c>, the SHA-256 of the
/// certificate; <c>Subject</c>, by RFC 2253; then each <c>URI</c> and <c>DNS</c> of its subject alternative names.
/// </summary>
internal static class ClientCertificateField
{
    private const string SubjectAlternativeName = "2.5.29.17"; // RFC 5280, 4.2.1.6

    private static readonly Asn1Tag s_dns = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag s_uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The field's value for a certificate that was verified.</summary>
    internal static byte[] Of(TlsPeerCertificate certificate)
    {
        var value = new StringBuilder("Hash=").Append(Convert.ToHexStringLower(SHA256.HashData(certificate.Der)));
        value.Append(";Subject=");
        AppendQuoted(value, certificate.Subject);
        foreach (var (isUri, name) in Names(certificate.Der))
        {
            value.Append(isUri ? ";URI=" : ";DNS=");
            if (NeedsQuotes(name))
                AppendQuoted(value, name);
            else
                value.Append(name);
        }

        return Encoding.ASCII.GetBytes(value.ToString());
    }

    private static List<(bool IsUri, string Name)> Names(byte[] der)
    {
        var uris = new List<(bool, string)>();
        var hosts = new List<(bool, string)>();
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            if (certificate.Extensions[SubjectAlternativeName] is not { } extension)
                return uris;
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag == s_uri)
                    uris.Add((true, names.ReadCharacterString(UniversalTagNumber.IA5String, s_uri)));
                else if (tag == s_dns)
                    hosts.Add((false, names.ReadCharacterString(UniversalTagNumber.IA5String, s_dns)));
                else
                    names.ReadEncodedValue();
            }
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            // Those that can be read are what it has.
        }

        uris.AddRange(hosts);
        return uris;
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
