// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.L7.Http1;

/// <summary>Writes the proxy's own responses: errors, redirects, fixed answers.</summary>
internal static class LocalResponse
{
    private const int FixedLength = 384;

    /// <summary>No less than <see cref="Write"/> writes.</summary>
    public static int MaxLength(in LocalAnswer answer) =>
        FixedLength + answer.ContentType.Length + answer.Body.Length + answer.Date.Length + answer.ProxyStatus.Length
        + answer.Location.Length + answer.Allow.Length + answer.RequestId.Length;

    /// <summary>Writes head and body and advances the output.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">A value holds a control byte, which would break out of its field.</exception>
    public static int Write(IBufferWriter<byte> output, in LocalAnswer answer)
    {
        var cursor = new HeadCursor(output.GetSpan(MaxLength(answer)));
        cursor.Put("HTTP/1.1 "u8);
        cursor.Put(answer.Status);
        cursor.Put(" "u8);
        cursor.Put(StatusText.Reason(answer.Status));
        cursor.Put("\r\n"u8);
        PutChecked(ref cursor, "Date"u8, answer.Date);
        PutChecked(ref cursor, "Content-Type"u8, answer.ContentType);
        PutChecked(ref cursor, "Location"u8, answer.Location);
        PutChecked(ref cursor, "Allow"u8, answer.Allow);
        PutChecked(ref cursor, "Proxy-Status"u8, answer.ProxyStatus);
        PutChecked(ref cursor, "X-Request-Id"u8, answer.RequestId);
        cursor.PutConnection(answer.ClientVersion, answer.KeepAlive);
        bool bodiless = IsBodiless(answer.Status);
        cursor.PutFraming(BodyFraming.Length, bodiless ? -1 : answer.Body.Length);
        cursor.Put("\r\n"u8);
        if (!bodiless && !answer.HeadOnly)
        {
            cursor.Put(answer.Body);
        }

        output.Advance(cursor.Written);
        return cursor.Written;
    }

    /// <summary>Whether a response of this status has no content, whatever was asked (RFC 9110 section 6.4.1).</summary>
    internal static bool IsBodiless(int status) => status is < 200 or 204 or 304;

    private static void PutChecked(ref HeadCursor cursor, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return;
        }

        if (ByteScan.IndexOfControl(value, 0) != value.Length)
        {
            throw new ArgumentException("A field value holds a control byte.", nameof(value));
        }

        cursor.PutField(name, value);
    }
}
