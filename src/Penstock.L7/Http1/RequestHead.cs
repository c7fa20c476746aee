// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Penstock.L7.Http1;

/// <summary>
/// The head of one request, checked against RFC 9112 and RFC 9110. Reusable: <see cref="FieldSection.Reset"/>, then Parse. It owns the bytes it
/// points into, so it stays valid when the pipe has moved on (a retry, the access log).
/// </summary>
internal sealed partial class RequestHead : MessageHead
{
    private ByteRange _method;
    private ByteRange _targetRange;
    private ByteRange _host;
    private ByteRange _authority;
    private RequestTarget _target;

    /// <summary>The method token.</summary>
    public ReadOnlySpan<byte> Method => _method.Of(Bytes);

    /// <summary>The request target as received; in HTTP/2, the path.</summary>
    public ReadOnlySpan<byte> Target => _targetRange.Of(Bytes);

    /// <summary>The path without its query: <c>/</c> when an absolute form had none, <c>*</c> for OPTIONS of the whole server, the target of CONNECT.</summary>
    public ReadOnlySpan<byte> Path => !_target.Path.IsEmpty ? _target.Path.Of(Bytes)
        : IsWholeServer ? "*"u8
        : "/"u8;

    /// <summary>The query with its question mark, or empty.</summary>
    public ReadOnlySpan<byte> Query => _target.Query.Of(Bytes);

    /// <summary>
    /// The host asked for, in lower case, without port and without a trailing dot; IPv6 in brackets. From the target when that has one,
    /// which then overrules the Host field (RFC 9112 section 3.2.2). Empty in HTTP/1.0 without a Host field.
    /// </summary>
    public ReadOnlySpan<byte> Host => _host.Of(Bytes);

    /// <summary>Host and port as they are to be forwarded in Host.</summary>
    public ReadOnlySpan<byte> Authority => _authority.Of(Bytes);

    /// <summary>The method, if it is one of those treated specially.</summary>
    public HttpMethodKind MethodKind { get; private set; }

    /// <summary>Form of the target.</summary>
    public TargetForm Form => _target.Form;

    /// <summary>Whether the client waits for 100 (Continue) before it sends the body it has announced (RFC 9110 section 10.1.1).</summary>
    public bool ExpectContinue { get; private set; }

    /// <summary>Whether TE says that the client takes trailers.</summary>
    public bool AcceptsTrailers { get; private set; }

    /// <summary>Hops that OPTIONS or TRACE may still make (RFC 9110 section 7.6.2); at 0 the proxy answers itself. -1: not told.</summary>
    public int MaxForwards { get; private set; } = -1;

    /// <summary>Whether the empty line that may stand before a request (RFC 9112 section 2.2) was taken already: it is not in what is parsed.</summary>
    internal bool FollowsEmptyLine { get; set; }

    /// <inheritdoc/>
    protected override RejectReason StartLineTooLong => RejectReason.RequestLineTooLong;

    /// <inheritdoc/>
    protected override bool SkipsEmptyLine => !FollowsEmptyLine;

    /// <summary>OPTIONS of an absolute form without path and query means the server as a whole (RFC 9112 section 3.2.4).</summary>
    private bool IsWholeServer => MethodKind == HttpMethodKind.Options && Form == TargetForm.Absolute && _target.Query.IsEmpty;

    /// <inheritdoc cref="FieldSection.ParseSection"/>
    public ParseStatus Parse(in ReadOnlySequence<byte> input, in HeadLimits limits, out SequencePosition consumed, out SequencePosition examined) =>
        ParseSection(input, limits, out consumed, out examined);

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _method = _targetRange = _host = _authority = _scheme = _asked = _protocol = default;
        TakesProtocol = false;
        _pseudo = PseudoFields.None;
        _target = default;
        MethodKind = HttpMethodKind.Other;
        Version = 0;
        Framing = BodyFraming.None;
        ExpectContinue = AcceptsTrailers = FollowsEmptyLine = false;
        MaxForwards = -1;
    }

    /// <inheritdoc/>
    protected override RejectReason ReadStartLine(ReadOnlySpan<byte> data, int start, int end)
    {
        int methodEnd = ByteScan.IndexOfAnyExcept(data, start, AsciiSet.Token);
        if (methodEnd == start || data[methodEnd] != (byte)' ')
        {
            return RejectReason.MethodMalformed;
        }

        int versionStart = end - 8;
        int targetStart = methodEnd + 1;
        int targetEnd = versionStart - 1;
        if (targetEnd <= targetStart || data[targetEnd] != (byte)' ')
        {
            return MalformedLine(data[targetStart..end]);
        }

        switch (BinaryPrimitives.ReadUInt64LittleEndian(data[versionStart..]))
        {
            case HttpVersions.Http11: Version = 11; break;
            case HttpVersions.Http10: Version = 10; break;
            default: return HttpVersions.Reason(data[versionStart..end]);
        }

        _method = ByteRange.Between(start, methodEnd);
        _targetRange = ByteRange.Between(targetStart, targetEnd);
        MethodKind = HttpMethods.Parse(data[start..methodEnd]);
        return _target.Read(data, targetStart, targetEnd, MethodKind);
    }

    /// <inheritdoc/>
    protected override RejectReason Complete()
    {
        RejectReason reason = ReadHost();
        if (reason == RejectReason.None)
        {
            reason = ReadFraming();
        }

        if (reason != RejectReason.None)
        {
            return reason;
        }

        Framing = Has(KnownHeader.TransferEncoding) ? BodyFraming.Chunked
            : ContentLength >= 0 ? BodyFraming.Length
            : BodyFraming.None;
        return ReadRest();
    }

    /// <summary>What is left once framing and host are known.</summary>
    private RejectReason ReadRest()
    {
        if (Framing != BodyFraming.None && MethodKind == HttpMethodKind.Trace)
        {
            // RFC 9110 section 9.3.8: a client must not.
            return RejectReason.TraceWithContent;
        }

        if (Has(KnownHeader.Te))
        {
            ReadTe();
        }

        bool limited = MethodKind is HttpMethodKind.Options or HttpMethodKind.Trace;
        if (limited && TryGet(KnownHeader.MaxForwards, out ReadOnlySpan<byte> hops) && ContentLengthValue.Read(hops, out long most) == RejectReason.None)
        {
            MaxForwards = (int)Math.Min(most, int.MaxValue);
        }

        return Has(KnownHeader.Expect) ? ReadExpect() : RejectReason.None;
    }

    /// <summary>The last 9 bytes of the line are not a space and a version: say what is wrong with it.</summary>
    private static RejectReason MalformedLine(ReadOnlySpan<byte> afterMethod)
    {
        int space = afterMethod.LastIndexOf((byte)' ');
        return space <= 0 || space == afterMethod.Length - 1 ? RejectReason.RequestLineMalformed : HttpVersions.Reason(afterMethod[(space + 1)..]);
    }

    private RejectReason ReadHost()
    {
        // A Host field is needed, and must be valid, even when the target overrules it (RFC 9112 section 3.2).
        if (Has(KnownHeader.Host))
        {
            if (KnownHeaders.Has(Repeated, KnownHeader.Host))
            {
                return RejectReason.HostRepeated;
            }

            if (!TryReadAuthority(ValueRange(KnownHeader.Host), out _))
            {
                return RejectReason.HostMalformed;
            }
        }
        else if (Version == 11)
        {
            return RejectReason.HostMissing;
        }

        if (_target.Authority.IsEmpty)
        {
            return RejectReason.None;
        }

        bool valid = TryReadAuthority(_target.Authority, out int port);
        return Form == TargetForm.Absolute
            ? valid ? RejectReason.None : RejectReason.TargetAuthorityMalformed
            : valid && port >= 0 ? RejectReason.None : RejectReason.TargetFormNotAllowed;
    }

    private bool TryReadAuthority(ByteRange range, out int port)
    {
        Span<byte> lower = Scratch(range.Length);
        bool valid = HostText.TryRead(range.Of(Bytes), lower, out HostText host);
        _host = new ByteRange(Length, host.HostLength);
        _authority = new ByteRange(range.Start, host.AuthorityLength);
        port = host.Port;
        return valid;
    }

    private RejectReason ReadExpect()
    {
        TryGet(KnownHeader.Expect, out ReadOnlySpan<byte> value);
        if (KnownHeaders.Has(Repeated, KnownHeader.Expect) || !Ascii.EqualsIgnoreCase(value, "100-continue"u8))
        {
            return RejectReason.ExpectationUnknown;
        }

        // Ignored in HTTP/1.0, and idle where no content follows.
        ExpectContinue = Version >= 11 && (Framing == BodyFraming.Chunked || ContentLength > 0);
        return RejectReason.None;
    }

    private void ReadTe()
    {
        foreach (ref readonly FieldSlot slot in Slots)
        {
            ReadOnlySpan<byte> rest = slot.Id == KnownHeader.Te ? Value(slot) : default;
            while (!rest.IsEmpty)
            {
                AcceptsTrailers |= Ascii.EqualsIgnoreCase(ListSyntax.Next(ref rest), "trailers"u8);
            }
        }
    }
}
