// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.L7.Http1;

namespace Penstock.L7.Grpc;

/// <summary>The fields by which gRPC speaks over HTTP/2 (gRPC: doc/PROTOCOL-HTTP2.md).</summary>
internal static class GrpcFields
{
    /// <summary>Digits of a timeout.</summary>
    private const int MaxTimeoutDigits = 8;

    private static readonly HeadLimits s_limits = new(LineBytes: 1024, HeadBytes: 1024, FieldCount: 2);

    /// <summary>Content-Type of a call and of its response, which may name a coding behind it.</summary>
    internal static ReadOnlySpan<byte> ContentType => "application/grpc"u8;

    /// <summary>Whether a Content-Type is that of a call. That of gRPC-Web is not.</summary>
    internal static bool IsContentType(ReadOnlySpan<byte> value) =>
        value.Length >= ContentType.Length
        && Ascii.EqualsIgnoreCase(value[..ContentType.Length], ContentType)
        && (value.Length == ContentType.Length || value[ContentType.Length] is (byte)'+' or (byte)';' or (byte)' ');

    /// <summary>Whether a request is a call, or a response one of gRPC.</summary>
    internal static bool IsCall(MessageHead head) => head.TryGet(KnownHeader.ContentType, out var type) && IsContentType(type);

    /// <summary>The time that a client gives a call.</summary>
    /// <returns>Milliseconds, a part of one counting as a whole; null: no grpc-timeout, or one that cannot be read.</returns>
    internal static long? Timeout(FieldSection head) => head.TryFind("grpc-timeout"u8, out var value) ? ReadTimeout(value) : null;

    /// <summary>How a call ended, as trailers say, or the head of a response without any.</summary>
    /// <returns>Null: there is no grpc-status.</returns>
    internal static GrpcStatus? Status(FieldSection section)
    {
        if (!section.TryFind("grpc-status"u8, out var value))
            return null;
        return ContentLengthValue.Read(value, out var number) == RejectReason.None && number < GrpcStatuses.Count ? (GrpcStatus)number : GrpcStatus.Unknown;
    }

    /// <summary>Trailers that tell a status.</summary>
    /// <param name="status">The status.</param>
    /// <param name="message">What happened, for people: printable ASCII without a percent sign, which would need encoding.</param>
    internal static TrailerSection Trailers(GrpcStatus status, ReadOnlySpan<byte> message)
    {
        var trailers = new TrailerSection();
        trailers.AddField("grpc-status"u8, status.Number(), s_limits);
        trailers.AddField("grpc-message"u8, message, s_limits);
        trailers.End();
        return trailers;
    }

    private static long? ReadTimeout(ReadOnlySpan<byte> value)
    {
        if (value.Length is < 2 or > MaxTimeoutDigits + 1 || ContentLengthValue.Read(value[..^1], out var count) != RejectReason.None)
            return null;
        return value[^1] switch
        {
            (byte)'H' => count * 3_600_000,
            (byte)'M' => count * 60_000,
            (byte)'S' => count * 1000,
            (byte)'m' => count,
            (byte)'u' => (count + 999) / 1000,
            (byte)'n' => (count + 999_999) / 1_000_000,
            _ => null,
        };
    }
}
