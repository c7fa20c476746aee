// SPDX-License-Identifier: Apache-2.0
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Penstock.Linux.Tls;

/// <summary>The certificate that a peer has shown.</summary>
/// <param name="Der">Its bytes (RFC 5280, DER).</param>
/// <param name="Subject">Its subject as RFC 2253 writes it; characters beyond printable ASCII are escaped.</param>
public sealed record TlsPeerCertificate(byte[] Der, string Subject)
{
    private const ulong Rfc2253 = 0x1110317; // XN_FLAG_RFC2253 (openssl/x509.h)
    private const string SubjectAlternativeName = "2.5.29.17"; // RFC 5280, 4.2.1.6

    private static readonly Asn1Tag s_dns = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag s_uri = new(TagClass.ContextSpecific, 6);

    /// <summary>URIs and DNS names among its subject alternative names, URIs first; those that can be read, where the extension is broken.</summary>
    public IReadOnlyList<(bool IsUri, string Name)> Names()
    {
        var uris = new List<(bool, string)>();
        var hosts = new List<(bool, string)>();
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(Der);
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
            // What could be read is what it has.
        }

        uris.AddRange(hosts);
        return uris;
    }

    internal static unsafe TlsPeerCertificate Of(nint certificate)
    {
        var der = new byte[Math.Max(0, Libcrypto.i2d_X509(certificate, null))];
        fixed (byte* first = der)
        {
            var at = first;
            _ = Libcrypto.i2d_X509(certificate, &at);
        }

        return new TlsPeerCertificate(der, SubjectOf(certificate));
    }

    private static unsafe string SubjectOf(nint certificate)
    {
        var bio = Libcrypto.BIO_new(Libcrypto.BIO_s_mem());
        if (bio == 0)
            throw TlsException.Of("a BIO");
        _ = Libcrypto.X509_NAME_print_ex(bio, Libcrypto.X509_get_subject_name(certificate), 0, Rfc2253);
        var text = new StringBuilder();
        Span<byte> part = stackalloc byte[512];
        fixed (byte* first = part)
        {
            while (Libcrypto.BIO_read(bio, first, part.Length) is > 0 and var length)
                text.Append(Encoding.ASCII.GetString(part[..length]));
        }

        _ = Libcrypto.BIO_free(bio);
        return text.ToString();
    }
}
