// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <content>A head that comes as decoded fields (HTTP/2): the status as a pseudo-field, then the others (RFC 9113 section 8.3.2).</content>
internal sealed partial class ResponseHead
{
    /// <summary>Whether the message is over with its head, where a body could have been, and says no length.</summary>
    public bool EndsWithHead { get; private set; }

    /// <summary>Takes the next field of the head.</summary>
    internal RejectReason Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in HeadLimits limits)
    {
        if (name is not [(byte)':', ..])
            return AddField(name, value, limits);
        if (FieldCount > 0)
            return RejectReason.PseudoFieldLate;
        if (!name.SequenceEqual(":status"u8))
            return RejectReason.PseudoFieldUnknown;
        if (Status != 0)
            return RejectReason.PseudoFieldRepeated;
        if (value.Length != 3 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return RejectReason.StatusLineMalformed;
        Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + value[2] - '0';
        return Status is >= 100 and <= 599 and not 101 ? RejectReason.None : RejectReason.StatusOutOfRange; // RFC 9113 section 8.6: there is no 101.
    }

    /// <summary>All fields are there: judges the head as a whole.</summary>
    /// <param name="ended">Whether no content follows.</param>
    /// <param name="taken">What <see cref="Take"/> has objected to.</param>
    /// <param name="requestMethod">Of the request.</param>
    internal void End(bool ended, RejectReason taken, HttpMethodKind requestMethod)
    {
        Version = 20;
        Rejection = taken == RejectReason.None ? Judge(ended, requestMethod) : taken;
    }

    private RejectReason Judge(bool ended, HttpMethodKind requestMethod)
    {
        if (Status == 0)
            return RejectReason.PseudoFieldMissing;
        if ((Present & KnownHeaders.OfConnection) != 0)
            return RejectReason.FieldNotAllowed;
        var reason = ReadFraming();
        if (reason != RejectReason.None)
            return reason;
        KeepAlive = true;
        if (requestMethod == HttpMethodKind.Connect && Status is >= 200 and < 300)
        {
            ForgetContentLength(); // RFC 9110 section 9.3.6: what follows is the tunnel's.
            Framing = ended ? BodyFraming.None : BodyFraming.Chunked;
            return RejectReason.None;
        }

        if (Status < 200 || Status == 204)
        {
            if (ContentLength > 0 || (ended && IsInterim))
                return RejectReason.FramingNotAllowed;
            ForgetContentLength();
            return RejectReason.None;
        }

        if (requestMethod == HttpMethodKind.Head || Status == 304)
            return RejectReason.None;
        if (ended && ContentLength > 0)
            return RejectReason.ContentLengthMismatch;
        EndsWithHead = ended && ContentLength < 0;
        Framing = ContentLength >= 0 ? BodyFraming.Length : ended ? BodyFraming.None : BodyFraming.Chunked;
        return RejectReason.None;
    }
}
