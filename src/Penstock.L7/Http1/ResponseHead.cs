// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;

namespace Penstock.L7.Http1;

/// <summary>
/// The head of one response, held to the standard of a request's. Reusable: <see cref="FieldSection.Reset"/>, then Parse; after an
/// interim response the same again for the next.
/// </summary>
internal sealed partial class ResponseHead : MessageHead
{
    private ByteRange _reason;
    private HttpMethodKind _requestMethod;

    /// <summary>100-599.</summary>
    public int Status { get; private set; }

    /// <summary>The reason phrase, possibly empty.</summary>
    public ReadOnlySpan<byte> ReasonPhrase => _reason.Of(Bytes);

    /// <summary>Whether another response follows for the same request: 1xx, but not 101.</summary>
    public bool IsInterim => Status < 200 && Status != 101;

    /// <summary>Reads on; see <see cref="FieldSection.ParseSection"/>. The method of the request decides about the body (RFC 9112 section 6.3).</summary>
    public ParseStatus Parse(
        in ReadOnlySequence<byte> input, in HeadLimits limits, HttpMethodKind requestMethod, out SequencePosition consumed, out SequencePosition examined)
    {
        _requestMethod = requestMethod;
        return ParseSection(input, limits, out consumed, out examined);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _reason = default;
        Status = Version = 0;
        Framing = BodyFraming.None;
        EndsWithHead = false;
    }

    /// <inheritdoc/>
    protected override RejectReason ReadStartLine(ReadOnlySpan<byte> data, int start, int end)
    {
        // HTTP/1.1 SP 3DIGIT SP [ reason ]. The second space is often left out with the reason; nothing can be mistaken by that.
        if (end - start < 12)
        {
            return RejectReason.StatusLineMalformed;
        }

        switch (BinaryPrimitives.ReadUInt64LittleEndian(data[start..]))
        {
            case HttpVersions.Http11: Version = 11; break;
            case HttpVersions.Http10: Version = 10; break;
            default: return HttpVersions.Reason(data.Slice(start, 8));
        }

        int hundreds = data[start + 9] - '0', tens = data[start + 10] - '0', ones = data[start + 11] - '0';
        if (data[start + 8] != (byte)' ' || (uint)hundreds > 9 || (uint)tens > 9 || (uint)ones > 9 || (end > start + 12 && data[start + 12] != (byte)' '))
        {
            return RejectReason.StatusLineMalformed;
        }

        Status = (hundreds * 100) + (tens * 10) + ones;
        _reason = ByteRange.Between(Math.Min(start + 13, end), end);
        return Status is >= 100 and <= 599 ? RejectReason.None : RejectReason.StatusOutOfRange;
    }

    /// <inheritdoc/>
    protected override RejectReason Complete()
    {
        RejectReason reason = ReadFraming();
        if (reason != RejectReason.None)
        {
            return reason;
        }

        bool chunked = Has(KnownHeader.TransferEncoding);
        if (Status < 200 || Status == 204)
        {
            // RFC 9110 section 8.6, RFC 9112 section 6.1: these must have neither. A length of 0 is common, and harmless.
            if (chunked || ContentLength > 0)
            {
                return RejectReason.FramingNotAllowed;
            }

            ForgetContentLength();
            Framing = BodyFraming.None;
        }
        else if (_requestMethod == HttpMethodKind.Connect && Status < 300)
        {
            ForgetContentLength();
            Framing = BodyFraming.None;
        }
        else if (_requestMethod == HttpMethodKind.Head || Status == 304)
        {
            Framing = BodyFraming.None;
        }
        else
        {
            Framing = chunked ? BodyFraming.Chunked
                : ContentLength >= 0 ? BodyFraming.Length
                : BodyFraming.UntilClose;
            KeepAlive &= Framing != BodyFraming.UntilClose;
        }

        return RejectReason.None;
    }
}
