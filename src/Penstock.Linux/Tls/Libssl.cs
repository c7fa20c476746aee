// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>Imports from libssl 3.x (OpenSSL). What may call back into managed code keeps its GC transition.</summary>
internal static unsafe partial class Libssl
{
    private const string Library = "libssl.so.3";

    internal const int ControlMessageCallbackArgument = 16;
    internal const int ControlMode = 33;
    internal const int ControlReadAhead = 41;
    internal const int ControlSessionCacheMode = 44;
    internal const int ControlServerNameCallback = 53;
    internal const int ControlHostName = 55;
    internal const int ControlStatusCallback = 63;
    internal const int ControlStatusResponse = 71;
    internal const int ControlGroupsList = 92;
    internal const int ControlGetChainCertificates = 115;
    internal const int ControlMinimumVersion = 123;

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint TLS_method();

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_ctrl(nint context, int command, nint number, void* pointer);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_callback_ctrl(nint context, int command, void* callback);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_msg_callback(nint context, delegate* unmanaged<int, int, int, byte*, nuint, nint, void*, void> callback);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_num_tickets(nint context, nuint number);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_get_cert_store(nint context);

    [LibraryImport(Library)]
    internal static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_ex_data(nint context, int index, nint data);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint SSL_CTX_get_ex_data(nint context, int index);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_set_cipher_list(nint context, string ciphers);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_set_ciphersuites(nint context, string ciphers);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_default_passwd_cb(nint context, delegate* unmanaged<byte*, int, int, void*, int> callback);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_use_certificate_chain_file(nint context, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_use_PrivateKey_file(nint context, string path, int type);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_check_private_key(nint context);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_get0_certificate(nint context);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_get0_privatekey(nint context);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_use_cert_and_key(nint context, nint certificate, nint key, nint chain, int replaces);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_load_verify_file(nint context, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint SSL_load_client_CA_file(string path);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_client_CA_list(nint context, nint names);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_session_id_context(nint context, byte* value, uint length);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_set_timeout(nint context, nint seconds);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_alpn_select_cb(nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, void*, int> callback, void* argument);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_tlsext_ticket_key_evp_cb(nint context, delegate* unmanaged<nint, byte*, byte*, nint, nint, int, int> callback);

    [LibraryImport(Library)]
    internal static partial int SSL_select_next_proto(byte** chosen, byte* length, byte* server, uint serverLength, byte* client, uint clientLength);

    [LibraryImport(Library)]
    internal static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    internal static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Library)]
    internal static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_set1_host(nint ssl, string name);

    [LibraryImport(Library)]
    internal static partial void SSL_set_hostflags(nint ssl, uint flags);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_verify_result(nint ssl);

    [LibraryImport(Library)]
    internal static partial nint SSL_get1_session(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Library)]
    internal static partial int SSL_SESSION_is_resumable(nint session);

    [LibraryImport(Library)]
    internal static partial void SSL_SESSION_free(nint session);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);

    [LibraryImport(Library)]
    internal static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_read(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_write(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_shutdown(nint ssl, int mode);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial int SSL_has_pending(nint ssl);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial byte* SSL_rstate_string(nint ssl);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void SSL_set_default_read_buffer_len(nint ssl, nuint length);

    [LibraryImport(Library)]
    internal static partial nint SSL_ctrl(nint ssl, int command, nint number, void* pointer);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_SSL_CTX(nint ssl);

    [LibraryImport(Library)]
    internal static partial nint SSL_set_SSL_CTX(nint ssl, nint context);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_client_hello_cb(nint context, delegate* unmanaged<nint, int*, void*, int> callback, void* argument);

    [LibraryImport(Library)]
    internal static partial int SSL_set_ex_data(nint ssl, int index, nint data);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_ex_data(nint ssl, int index);

    [LibraryImport(Library)]
    internal static partial int SSL_client_hello_get0_ext(nint ssl, uint type, byte** value, nuint* length);

    [LibraryImport(Library)]
    internal static partial void SSL_certs_clear(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_verify(nint ssl, int mode, nint callback);

    [LibraryImport(Library)]
    internal static partial int SSL_use_certificate_ASN1(nint ssl, byte* certificate, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_use_PrivateKey_ASN1(int type, nint ssl, byte* key, nint length);

    [LibraryImport(Library)]
    internal static partial byte* SSL_get_servername(nint ssl, int type);

    [LibraryImport(Library)]
    internal static partial byte* SSL_get_version(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_version(nint ssl);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    internal static partial byte* SSL_CIPHER_get_name(nint cipher);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_certificate(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);

    [LibraryImport(Library)]
    internal static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_key_update(nint ssl, int type);
}
