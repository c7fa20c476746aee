// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.L7.Grpc;

/// <summary>gRPC-Web (gRPC: doc/PROTOCOL-WEB.md): what browsers speak in place of gRPC, as they see no trailers. These are the last frame of the content.</summary>
internal static class GrpcWeb
{
    /// <summary>What a frame begins with: its flags, and four bytes of length.</summary>
    private const int PrefixBytes = 5;

    /// <summary>The flag of the frame that holds trailers.</summary>
    private const byte TrailersFlag = 0x80;

    private static readonly HeadLimits s_limits = new(LineBytes: 64 << 10, HeadBytes: 1 << 20, FieldCount: 16);

    /// <summary>Content-Type of a call and of its response, which may name a coding of messages behind it.</summary>
    internal static ReadOnlySpan<byte> ContentType => "application/grpc-web"u8;

    /// <summary>The same in base64.</summary>
    internal static ReadOnlySpan<byte> TextContentType => "application/grpc-web-text"u8;

    /// <summary>How a request is coded.</summary>
    internal static GrpcWebCoding CodingOf(RequestHead head)
    {
        if (head.MethodKind != HttpMethodKind.Post || !head.TryGet(KnownHeader.ContentType, out var type))
            return GrpcWebCoding.None;
        return IsType(type, TextContentType) ? GrpcWebCoding.Text : IsType(type, ContentType) ? GrpcWebCoding.Binary : GrpcWebCoding.None;
    }

    /// <summary>How its response is to be coded: as Accept says, else as the request.</summary>
    internal static GrpcWebCoding AnswerCodingOf(RequestHead head, GrpcWebCoding coding)
    {
        if (coding == GrpcWebCoding.None || !head.TryFind("accept"u8, out var accepted))
            return coding;
        return accepted.IndexOf(TextContentType) >= 0 ? GrpcWebCoding.Text : accepted.IndexOf(ContentType) >= 0 ? GrpcWebCoding.Binary : coding;
    }

    /// <summary>The coding of messages that a Content-Type names, such as <c>+proto</c>; empty: none.</summary>
    internal static ReadOnlySpan<byte> MessagesOf(MessageHead head)
    {
        if (!head.TryGet(KnownHeader.ContentType, out var type))
            return default;
        var end = type.IndexOfAny((byte)';', (byte)' ');
        if (end >= 0)
            type = type[..end];
        var plus = type.IndexOf((byte)'+');
        return plus < 0 ? default : type[plus..];
    }

    /// <summary>Takes out of a head what it says of the call's end, where there are no trailers to say it.</summary>
    /// <returns>Null: it says nothing.</returns>
    internal static TrailerSection? TakeStatus(ResponseHead head)
    {
        if (GrpcFields.Status(head) is null)
            return null;
        var trailers = new TrailerSection();
        Take(head, "grpc-status"u8, trailers);
        Take(head, "grpc-message"u8, trailers);
        Take(head, "grpc-status-details-bin"u8, trailers);
        trailers.EndMetadata();
        return trailers;
    }

    /// <summary>No less than <see cref="WriteTrailers"/> writes.</summary>
    internal static int MaxLength(TrailerSection? trailers) =>
        PrefixBytes + (trailers is null ? 0 : trailers.Length + (FieldSection.LineOverhead * trailers.FieldCount));

    /// <summary>Writes the frame that holds trailers: names in lower case, a line each.</summary>
    /// <param name="to">At least <see cref="MaxLength"/>.</param>
    /// <param name="trailers">Fields; null: none.</param>
    /// <returns>Bytes written.</returns>
    internal static int WriteTrailers(Span<byte> to, TrailerSection? trailers)
    {
        var lines = new HeadCursor(to[PrefixBytes..]);
        if (trailers is not null)
        {
            foreach (ref readonly var slot in trailers.Slots)
            {
                if (slot.Dropped)
                    continue;
                var start = PrefixBytes + lines.Written;
                lines.PutField(trailers.Name(slot), trailers.Value(slot));
                Ascii.ToLowerInPlace(to.Slice(start, slot.NameLength), out _);
            }
        }

        to[0] = TrailersFlag;
        BinaryPrimitives.WriteInt32BigEndian(to[1..], lines.Written);
        return PrefixBytes + lines.Written;
    }

    private static void Take(ResponseHead head, ReadOnlySpan<byte> name, TrailerSection trailers)
    {
        if (!head.TryFind(name, out var value))
            return;
        trailers.AddField(name, value, s_limits);
        head.DropFields(name);
    }

    private static bool IsType(ReadOnlySpan<byte> value, ReadOnlySpan<byte> type) =>
        value.Length >= type.Length && Ascii.EqualsIgnoreCase(value[..type.Length], type)
        && (value.Length == type.Length || value[type.Length] is (byte)'+' or (byte)';' or (byte)' ');
}
