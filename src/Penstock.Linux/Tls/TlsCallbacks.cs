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

    [UnmanagedCallersOnly]
    internal static int ServerName(nint ssl, int* alert, void* argument)
    {
        var name = Libssl.SSL_get_servername(ssl, 0);
        if (name is null || TlsContext.Of(ssl) is not { ByName: { } byName } context)
            return NotAcknowledged;
        var asked = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
        var found = byName(Lower(asked is [.., _, (byte)'.'] ? asked[..^1] : asked)); // Some clients leave the dot that ends it.
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
        const int failed = -1;
        if (TlsContext.Of(ssl)?.TicketKeys is not { } keys)
            return failed;
        return encrypts != 0 ? keys.Begin(name, vector, cipher, mac) : keys.Find(name, vector, cipher, mac);
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

    private static string Lower(ReadOnlySpan<byte> name) => string.Create(name.Length, name, static (text, bytes) =>
    {
        for (var i = 0; i < bytes.Length; i++)
            text[i] = char.ToLowerInvariant((char)bytes[i]);
    });
}
