// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>Imports from libcrypto 3.x (OpenSSL).</summary>
internal static unsafe partial class Libcrypto
{
    private const string Library = "libcrypto.so.3";

    /// <summary>BIO_CTRL_FLUSH: there is nothing to flush in a BIO that only copies.</summary>
    internal const int Flush = 11;

    /// <summary>BIO_CTRL_DUP.</summary>
    internal const int Duplicated = 12;

    /// <summary>BIO_FLAGS_READ and BIO_FLAGS_SHOULD_RETRY.</summary>
    internal const int RetryRead = 0x09;

    /// <summary>BIO_FLAGS_WRITE and BIO_FLAGS_SHOULD_RETRY.</summary>
    internal const int RetryWrite = 0x0a;

    /// <summary>BIO_FLAGS_RWS and BIO_FLAGS_SHOULD_RETRY.</summary>
    internal const int RetryAny = 0x0f;

    [LibraryImport(Library)]
    internal static partial int BIO_get_new_index();

    [LibraryImport(Library)]
    internal static partial nint BIO_meth_new(int type, byte* name);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_read(nint method, delegate* unmanaged<nint, byte*, int, int> read);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_write(nint method, delegate* unmanaged<nint, byte*, int, int> write);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged<nint, int, nint, nint, nint> control);

    [LibraryImport(Library)]
    internal static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    internal static partial nint BIO_s_mem();

    [LibraryImport(Library)]
    internal static partial int BIO_read(nint bio, byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial int BIO_free(nint bio);

    [LibraryImport(Library)]
    internal static partial void BIO_set_init(nint bio, int init);

    [LibraryImport(Library)]
    internal static partial void BIO_set_data(nint bio, void* data);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void* BIO_get_data(nint bio);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void BIO_set_flags(nint bio, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void BIO_clear_flags(nint bio, int flags);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void ERR_clear_error();

    [LibraryImport(Library)]
    internal static partial ulong ERR_peek_last_error();

    [LibraryImport(Library)]
    internal static partial byte* ERR_reason_error_string(ulong error);

    [LibraryImport(Library)]
    internal static partial nint EVP_aes_256_cbc();

    [LibraryImport(Library)]
    internal static partial int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [LibraryImport(Library)]
    internal static partial int EVP_MAC_CTX_set_params(nint context, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int RAND_bytes(byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial void* CRYPTO_malloc(nuint length, nint file, int line);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_set_flags(nint store, nuint flags);

    [LibraryImport(Library)]
    internal static partial void X509_free(nint certificate);

    [LibraryImport(Library)]
    internal static partial int i2d_X509(nint certificate, byte** output);

    [LibraryImport(Library)]
    internal static partial nint X509_get_subject_name(nint certificate);

    [LibraryImport(Library)]
    internal static partial int X509_NAME_print_ex(nint bio, nint name, int indent, ulong flags);

    [LibraryImport(Library)]
    internal static partial nint X509_verify_cert_error_string(nint error);

    /// <summary>struct ossl_param_st (openssl/core.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Parameter
    {
        internal byte* Key;
        internal uint Type;
        internal void* Data;
        internal nuint Size;
        internal nuint ReturnSize;
    }
}
