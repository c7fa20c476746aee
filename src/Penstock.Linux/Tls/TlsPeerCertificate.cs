// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Linux.Tls;

/// <summary>The certificate that a peer has shown.</summary>
/// <param name="Der">Its bytes (RFC 5280, DER).</param>
/// <param name="Subject">Its subject as RFC 2253 writes it; characters beyond printable ASCII are escaped.</param>
public sealed record TlsPeerCertificate(byte[] Der, string Subject)
{
    private const ulong Rfc2253 = 0x1110317; // XN_FLAG_RFC2253 (openssl/x509.h)

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
        Span<byte> text = stackalloc byte[2048];
        fixed (byte* first = text)
        {
            var length = Libcrypto.BIO_read(bio, first, text.Length);
            _ = Libcrypto.BIO_free(bio);
            return Encoding.ASCII.GetString(text[..Math.Max(0, length)]);
        }
    }
}
