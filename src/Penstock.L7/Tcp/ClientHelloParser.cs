// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using Penstock.L7.Http1;

namespace Penstock.L7.Tcp;

/// <summary>
/// Reads a TLS ClientHello (RFC 8446 section 4.1.2) for the name that it asks for (RFC 6066 section 3), over any number of records. Every length is checked; what is not
/// needed is passed over unread, so GREASE (RFC 8701) and extensions to come are nothing special.
/// </summary>
internal static class ClientHelloParser
{
    /// <summary>Most bytes of a name (RFC 1035 section 3.1).</summary>
    internal const int MaxNameLength = 255;

    private const int RecordHeaderLength = 5;
    private const int MessageHeaderLength = 4;
    private const int MaxRecordLength = 1 << 14;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const int ServerNameExtension = 0;

    /// <summary>Reads one.</summary>
    /// <param name="input">The connection's bytes from the first on; those of several records are moved together in it.</param>
    /// <param name="name">The name, in lower case and without a dot at its end, when done; empty: it asks for none.</param>
    /// <param name="rejection">Why not, when rejected.</param>
    internal static ParseStatus Parse(Span<byte> input, out ReadOnlySpan<byte> name, out ClientHelloRejection rejection)
    {
        name = default;
        var status = Collect(input, out var message, out rejection);
        if (status != ParseStatus.Done)
            return status;
        rejection = ReadBody(message, out name);
        return rejection == ClientHelloRejection.None ? ParseStatus.Done : ParseStatus.Rejected;
    }

    // The message's body, without the headers of the records that it came in.
    private static ParseStatus Collect(Span<byte> input, out Span<byte> body, out ClientHelloRejection rejection)
    {
        body = default;
        rejection = ClientHelloRejection.None;
        var held = 0;
        for (var at = 0; at < input.Length;)
        {
            var header = input[at..];
            if (header[0] != HandshakeRecord)
                return Reject(at == 0 ? ClientHelloRejection.HelloNotTls : ClientHelloRejection.HelloOtherMessage, out rejection);
            if (header.Length > 1 && header[1] != 3)
                return Reject(ClientHelloRejection.HelloRecordMalformed, out rejection);
            if (header.Length < RecordHeaderLength)
                break;
            var length = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
            if (length is 0 or > MaxRecordLength)
                return Reject(ClientHelloRejection.HelloRecordMalformed, out rejection);
            var there = header[RecordHeaderLength..Math.Min(header.Length, RecordHeaderLength + length)];
            there.CopyTo(input[held..]);
            held += there.Length;
            at += RecordHeaderLength + length;
            if (held > 0 && input[0] != ClientHelloMessage)
                return Reject(ClientHelloRejection.HelloOtherMessage, out rejection);
            if (held < MessageHeaderLength)
                continue;
            var whole = MessageHeaderLength + ((input[1] << 16) | BinaryPrimitives.ReadUInt16BigEndian(input[2..]));
            if (whole > Runtime.PeekedConnection.MaxBytes)
                return Reject(ClientHelloRejection.HelloTooLong, out rejection);
            if (held > whole || (held == whole && there.Length < length))
                return Reject(ClientHelloRejection.HelloMalformed, out rejection); // The record goes on behind the message.
            if (held < whole)
                continue;
            body = input[MessageHeaderLength..whole];
            return ParseStatus.Done;
        }

        return input.Length >= Runtime.PeekedConnection.MaxBytes ? Reject(ClientHelloRejection.HelloTooLong, out rejection) : ParseStatus.NeedMore;
    }

    private static ParseStatus Reject(ClientHelloRejection reason, out ClientHelloRejection rejection)
    {
        rejection = reason;
        return ParseStatus.Rejected;
    }

    private static ClientHelloRejection ReadBody(Span<byte> body, out ReadOnlySpan<byte> name)
    {
        name = default;
        const int versionAndRandom = 2 + 32;
        if (body.Length < versionAndRandom || body[0] != 3)
            return ClientHelloRejection.HelloMalformed;
        body = body[versionAndRandom..];
        if (!TryTake(ref body, prefix: 1, out var session) || session.Length > 32
            || !TryTake(ref body, prefix: 2, out var suites) || suites.Length == 0 || suites.Length % 2 != 0
            || !TryTake(ref body, prefix: 1, out var compressions) || compressions.Length == 0)
        {
            return ClientHelloRejection.HelloMalformed;
        }

        if (body.IsEmpty)
            return ClientHelloRejection.None; // TLS 1.2 and before may have no extensions.
        return TryTake(ref body, prefix: 2, out var extensions) && body.IsEmpty ? ReadExtensions(extensions, out name) : ClientHelloRejection.HelloMalformed;
    }

    private static ClientHelloRejection ReadExtensions(Span<byte> extensions, out ReadOnlySpan<byte> name)
    {
        name = default;
        var hasName = false;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2)
                return ClientHelloRejection.HelloMalformed;
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, prefix: 2, out var content))
                return ClientHelloRejection.HelloMalformed;
            if (type != ServerNameExtension)
                continue;
            if (hasName || !TryReadName(content, out name))
                return ClientHelloRejection.HelloNameMalformed;
            hasName = true;
        }

        return ClientHelloRejection.None;
    }

    // A list of one entry: the type host_name, and the name.
    private static bool TryReadName(Span<byte> content, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!TryTake(ref content, prefix: 2, out var list) || !content.IsEmpty || list.IsEmpty || list[0] != 0)
            return false;
        list = list[1..];
        if (!TryTake(ref list, prefix: 2, out var host) || !list.IsEmpty)
            return false;
        if (host.Length > 1 && host[^1] == '.')
            host = host[..^1];
        if (host.Length is 0 or > MaxNameLength)
            return false;
        foreach (ref var one in host)
        {
            if (!char.IsAsciiLetterOrDigit((char)one) && one is not ((byte)'-' or (byte)'.' or (byte)'_'))
                return false;
            one = (byte)char.ToLowerInvariant((char)one);
        }

        name = host;
        return true;
    }

    // Takes a vector with its length before it.
    private static bool TryTake(scoped ref Span<byte> input, int prefix, out Span<byte> vector)
    {
        vector = default;
        if (input.Length < prefix)
            return false;
        var length = prefix == 1 ? input[0] : BinaryPrimitives.ReadUInt16BigEndian(input);
        if (input.Length < prefix + length)
            return false;
        vector = input.Slice(prefix, length);
        input = input[(prefix + length)..];
        return true;
    }
}
