// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>The value of Content-Length: 1*DIGIT and nothing else (RFC 9110 section 8.6).</summary>
internal static class ContentLengthValue
{
    /// <summary>So many digits always fit a long; a body of 10^18 bytes is beyond anyone's disk.</summary>
    private const int MaxDigits = 18;

    /// <summary>Reads a value. Signs, spaces, lists and an empty value are malformed.</summary>
    public static RejectReason Read(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.IsEmpty)
        {
            return RejectReason.ContentLengthMalformed;
        }

        foreach (byte digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return RejectReason.ContentLengthMalformed;
            }
        }

        if (text.Length > MaxDigits)
        {
            return RejectReason.ContentLengthOverflow;
        }

        foreach (byte digit in text)
        {
            value = (value * 10) + digit - '0';
        }

        return RejectReason.None;
    }
}
