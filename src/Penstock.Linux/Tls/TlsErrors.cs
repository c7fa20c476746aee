// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>Reasons that OpenSSL gives (openssl/sslerr.h).</summary>
public static unsafe class TlsErrors
{
    /// <summary>SSL_R_CERTIFICATE_VERIFY_FAILED.</summary>
    public const int CertificateVerifyFailed = 134;

    /// <summary>SSL_R_HTTP_REQUEST: what came begins like an HTTP request without TLS.</summary>
    public const int HttpRequest = 156;

    /// <summary>SSL_R_NO_SHARED_CIPHER.</summary>
    public const int NoSharedCipher = 193;

    /// <summary>SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE.</summary>
    public const int NoPeerCertificate = 199;

    /// <summary>SSL_R_CALLBACK_FAILED: what was to choose a certificate has refused, see <see cref="TlsContext.RefuseAll"/>.</summary>
    public const int CallbackFailed = 234;

    /// <summary>SSL_R_NO_APPLICATION_PROTOCOL.</summary>
    public const int NoApplicationProtocol = 235;

    /// <summary>SSL_R_UNSUPPORTED_PROTOCOL: a version below the least.</summary>
    public const int UnsupportedProtocol = 258;

    /// <summary>SSL_AD_REASON_OFFSET: from here on the peer has sent an alert of that number (RFC 8446 section 6).</summary>
    public const int AlertOffset = 1000;

    private const int ReasonMask = 0x7fffff; // ERR_REASON_MASK

    /// <summary>The reason of this thread's last failed call; 0: none.</summary>
    internal static int TakeReason()
    {
        var error = Last();
        Libcrypto.ERR_clear_error();
        return (int)(error & ReasonMask);
    }

    /// <summary>This thread's last error.</summary>
    internal static ulong Last() => Libcrypto.ERR_peek_last_error();

    /// <summary>An error in words.</summary>
    internal static string Reason(ulong error) => Marshal.PtrToStringUTF8((nint)Libcrypto.ERR_reason_error_string(error)) ?? "no reason given";
}
