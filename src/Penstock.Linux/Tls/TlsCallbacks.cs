// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>What OpenSSL asks during a handshake. Nothing is thrown from here.</summary>
internal static unsafe class TlsCallbacks
{
    private const int Ok = 0; // SSL_TLSEXT_ERR_*
    private const int Fatal = 2;
    private const int NotAcknowledged = 3;

    /// <summary>Without it, OpenSSL would ask for the password of an encrypted key on the terminal.</summary>
    [UnmanagedCallersOnly]
    internal static int NoPassword(byte* buffer, int size, int writes, void* argument) => -1;

    /// <summary>Counts the peer's messages that are not data.</summary>
    [UnmanagedCallersOnly]
    internal static void Message(int isWritten, int version, int contentType, byte* bytes, nuint length, nint ssl, void* channel)
    {
        const int handshake = 22; // SSL3_RT_HANDSHAKE
        if (contentType == handshake && isWritten == 0 && channel is not null)
            ((TlsChannel*)channel)->MessagesLeft--;
    }

    /// <summary>Before OpenSSL reads the extensions: later, it does not give their content away.</summary>
    [UnmanagedCallersOnly]
    internal static int ClientHello(nint ssl, int* alert, void* argument)
    {
        const int goesOn = 1, ends = 0; // SSL_CLIENT_HELLO_*
        if (TlsContext.Of(ssl)?.ChallengeFor is not { } find || !OffersAcme(ssl) || find(AskedName(ssl)) is not { } challenge)
            return goesOn;
        return Show(ssl, challenge) ? goesOn : ends;
    }

    [UnmanagedCallersOnly]
    internal static int ServerName(nint ssl, int* alert, void* argument)
    {
        const int unrecognizedName = 112; // SSL_AD_UNRECOGNIZED_NAME
        var name = Libssl.SSL_get_servername(ssl, 0);
        if (TlsContext.Of(ssl) is not { } context)
            return NotAcknowledged;
        if (IsShown(ssl))
            return Ok;
        if (context.RefusesAll)
        {
            *alert = unrecognizedName;
            return Fatal;
        }

        if (name is null || context.ByName is not { } byName)
            return NotAcknowledged;
        var found = byName(Lower(name));
        if (!ReferenceEquals(found, context))
            _ = Libssl.SSL_set_SSL_CTX(ssl, found.Pointer);
        return Ok;
    }

    [UnmanagedCallersOnly]
    internal static int SelectProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, void* argument)
    {
        const int negotiated = 1; // OPENSSL_NPN_NEGOTIATED
        if (TlsContext.Of(ssl) is not { } context)
            return NotAcknowledged;
        if (IsShown(ssl) && IsAcme(new ReadOnlySpan<byte>(offered, (int)offeredLength)))
        {
            *chosen = offered + 1;
            *chosenLength = (byte)(offeredLength - 1);
            return Ok;
        }

        fixed (byte* own = context.Protocols)
        {
            byte* found;
            if (Libssl.SSL_select_next_proto(&found, chosenLength, own, (uint)context.Protocols.Length, offered, offeredLength) != negotiated)
                return Fatal; // RFC 7301 section 3.2: no_application_protocol

            // What was found may lie in our list, which is pinned for this call only: the client's has the same bytes.
            *chosen = FindIn(offered, offeredLength, new ReadOnlySpan<byte>(found, *chosenLength));
            return Ok;
        }
    }

    [UnmanagedCallersOnly]
    internal static int Staple(nint ssl, void* argument)
    {
        if (TlsContext.Of(ssl)?.StapleFor(Libssl.SSL_get_certificate(ssl)) is not { } response)
            return NotAcknowledged;
        var copy = Libcrypto.CRYPTO_malloc((nuint)response.Length, 0, 0);
        if (copy is null)
            return NotAcknowledged;
        response.CopyTo(new Span<byte>(copy, response.Length));
        _ = Libssl.SSL_ctrl(ssl, Libssl.ControlStatusResponse, response.Length, copy); // It owns the copy now.
        return Ok;
    }

    [UnmanagedCallersOnly]
    internal static int TicketKey(nint ssl, byte* name, byte* vector, nint cipher, nint mac, int encrypts)
    {
        const int failed = -1, found = 1, foundAndRenewed = 2;
        if (TlsContext.Of(ssl)?.TicketKeys is not { } keys)
            return failed;
        if (encrypts != 0)
            return keys.Begin(name, vector, cipher, mac);

        // Browsers use a ticket of TLS 1.3 once (RFC 8446 appendix C.4): without another one each time they would soon have none. OpenSSL does so by itself only for keys of its own.
        var result = keys.Find(name, vector, cipher, mac);
        return result == found && Libssl.SSL_version(ssl) == TlsContext.Tls13 ? foundAndRenewed : result;
    }

    private static byte* FindIn(byte* list, uint length, ReadOnlySpan<byte> name)
    {
        for (var at = 0u; at < length; at += 1u + list[at])
        {
            if (new ReadOnlySpan<byte>(list + at + 1, list[at]).SequenceEqual(name))
                return list + at + 1;
        }

        return null;
    }

    // RFC 8737 section 3: the CA offers that protocol alone.
    private static bool OffersAcme(nint ssl) => Extension(ssl, type: 16) is [_, _, .. var protocols] && IsAcme(protocols); // RFC 7301 section 3.1: after the list's length

    private static bool IsAcme(ReadOnlySpan<byte> offered) => offered.SequenceEqual("\nacme-tls/1"u8); // its length is 10, as the line break's code

    // RFC 6066 section 3: the list's length, the kind (0: a host's), the name's length, the name; that list has one name. Anything else is nobody's.
    private static string AskedName(nint ssl) => Extension(ssl, type: 0) is [_, _, 0, var high, var low, .. var name] && name.Length == ((high << 8) | low) ? Lower(name) : "";

    private static ReadOnlySpan<byte> Extension(nint ssl, uint type)
    {
        byte* value;
        nuint length;
        return Libssl.SSL_client_hello_get0_ext(ssl, type, &value, &length) == 1 ? new ReadOnlySpan<byte>(value, (int)length) : default;
    }

    // In place of all that the context has, for this session alone, and without asking the CA for a certificate.
    private static bool Show(nint ssl, TlsChallengeCertificate challenge)
    {
        const int ec = 408; // EVP_PKEY_EC
        Libssl.SSL_certs_clear(ssl);
        Libssl.SSL_set_verify(ssl, 0, 0);
        fixed (byte* certificate = challenge.Certificate, key = challenge.Key)
            return Libssl.SSL_use_certificate_ASN1(ssl, certificate, challenge.Certificate.Length) == 1 && Libssl.SSL_use_PrivateKey_ASN1(ec, ssl, key, challenge.Key.Length) == 1 && Libssl.SSL_set_ex_data(ssl, 0, 1) == 1;
    }

    private static bool IsShown(nint ssl) => Libssl.SSL_get_ex_data(ssl, 0) != 0;

    // Some clients leave the dot that ends it.
    private static string Lower(byte* text)
    {
        var asked = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
        return Lower(asked is [.., _, (byte)'.'] ? asked[..^1] : asked);
    }

    private static string Lower(ReadOnlySpan<byte> name) => string.Create(name.Length, name, static (text, bytes) =>
    {
        for (var i = 0; i < bytes.Length; i++)
            text[i] = char.ToLowerInvariant((char)bytes[i]);
    });
}
