// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Http1;

/// <content>A head that comes as decoded fields (HTTP/2): pseudo-fields for the request line, then the others (RFC 9113 section 8.3).</content>
internal sealed partial class RequestHead
{
    private ByteRange _scheme;
    private ByteRange _asked;
    private ByteRange _protocol;
    private PseudoFields _pseudo;

    [Flags]
    private enum PseudoFields : byte
    {
        None = 0,
        Method = 1,
        Scheme = 2,
        Authority = 4,
        Path = 8,
        Protocol = 16,
    }

    /// <summary>Whether <c>:protocol</c> is taken: the client was told of SETTINGS_ENABLE_CONNECT_PROTOCOL.</summary>
    internal bool TakesProtocol { get; set; }

    /// <summary>Whether it came as an extended CONNECT (RFC 8441). It is what that is in HTTP/1.1: a GET that asks for an <see cref="MessageHead.Upgrade"/>; what comes behind it is no content.</summary>
    internal bool IsExtendedConnect => !_protocol.IsEmpty;

    /// <summary>Takes the next field of the head.</summary>
    /// <returns>A reason whose status is 400 makes the request malformed; with others the rest of its fields need not be taken.</returns>
    internal RejectReason Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in HeadLimits limits)
    {
        if (name is [(byte)':', ..])
            return FieldCount > 0 ? RejectReason.PseudoFieldLate : TakePseudo(name, value, limits);
        return AddField(name, value, limits);
    }

    /// <summary>All fields are there: judges the head as a whole.</summary>
    /// <param name="ended">Whether no content follows.</param>
    /// <param name="taken">What <see cref="Take"/> has objected to.</param>
    internal void End(bool ended, RejectReason taken)
    {
        Version = 20;
        Rejection = taken;
        if (taken == RejectReason.None)
            Rejection = Judge(ended);
    }

    private RejectReason Judge(bool ended)
    {
        if (KnownHeaders.Has(Repeated, KnownHeader.Cookie))
            JoinFields(KnownHeader.Cookie, "; "u8); // RFC 9113 section 8.2.3.
        var reason = (Present & KnownHeaders.OfConnection) != 0 ? RejectReason.FieldNotAllowed : ReadPseudo();
        if (reason == RejectReason.None)
            reason = ReadAuthority();
        if (reason == RejectReason.None)
            reason = ReadFraming();
        if (reason != RejectReason.None)
            return reason;
        KeepAlive = true;
        if (IsExtendedConnect)
            AskFor(_protocol);
        if (IsExtendedConnect && ContentLength >= 0)
            return RejectReason.ContentLengthMismatch;
        Framing = IsExtendedConnect ? BodyFraming.None : ContentLength >= 0 ? BodyFraming.Length : ended ? BodyFraming.None : BodyFraming.Chunked;
        if (ended && ContentLength > 0)
            return RejectReason.ContentLengthMismatch;
        return Has(KnownHeader.Te) && !IsTrailersOnly() ? RejectReason.TeNotAllowed : ReadRest();
    }

    private static bool IsHttp(ReadOnlySpan<byte> scheme) => Ascii.EqualsIgnoreCase(scheme, "http"u8) || Ascii.EqualsIgnoreCase(scheme, "https"u8);

    private RejectReason TakePseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in HeadLimits limits)
    {
        var which = name switch
        {
            _ when name.SequenceEqual(":method"u8) => PseudoFields.Method,
            _ when name.SequenceEqual(":scheme"u8) => PseudoFields.Scheme,
            _ when name.SequenceEqual(":authority"u8) => PseudoFields.Authority,
            _ when name.SequenceEqual(":path"u8) => PseudoFields.Path,
            _ when TakesProtocol && name.SequenceEqual(":protocol"u8) => PseudoFields.Protocol,
            _ => PseudoFields.None,
        };
        if (which == PseudoFields.None)
            return RejectReason.PseudoFieldUnknown;
        if ((_pseudo & which) != PseudoFields.None)
            return RejectReason.PseudoFieldRepeated;
        if (which == PseudoFields.Path && value.Length > limits.LineBytes)
            return RejectReason.RequestLineTooLong;
        if (Length + value.Length + LineOverhead > limits.HeadBytes)
            return RejectReason.HeadTooLarge;
        _pseudo |= which;
        var range = AddBytes(value);
        AddBytes(" "u8); // Behind a target stands a space.
        switch (which)
        {
            case PseudoFields.Method:
                _method = range;
                MethodKind = HttpMethods.Parse(value); // A head that is refused later has one, too: HEAD has no content in its answer.
                break;
            case PseudoFields.Scheme: _scheme = range; break;
            case PseudoFields.Authority: _asked = range; break;
            case PseudoFields.Protocol: _protocol = range; break;
            default: _targetRange = range; break;
        }

        return RejectReason.None;
    }

    private RejectReason ReadPseudo()
    {
        MethodKind = HttpMethods.Parse(Method);
        if ((_pseudo & PseudoFields.Protocol) != PseudoFields.None)
        {
            // RFC 8441 section 4: it is CONNECT's alone, and has all the others beside it.
            const PseudoFields all = PseudoFields.Method | PseudoFields.Scheme | PseudoFields.Authority | PseudoFields.Path | PseudoFields.Protocol;
            if (MethodKind != HttpMethodKind.Connect)
                return RejectReason.PseudoFieldUnknown;
            if (_pseudo != all || _protocol.IsEmpty)
                return RejectReason.PseudoFieldMissing;
            _method = AddBytes("GET"u8);
            MethodKind = HttpMethodKind.Get;
        }

        var connect = MethodKind == HttpMethodKind.Connect;
        var needed = connect ? PseudoFields.Method | PseudoFields.Authority : PseudoFields.Method | PseudoFields.Scheme | PseudoFields.Path;
        if ((_pseudo & needed) != needed || (connect && _pseudo != needed))
            return RejectReason.PseudoFieldMissing;
        if (_method.IsEmpty || ByteScan.IndexOfAnyExcept(Method, 0, AsciiSet.Token) != _method.Length)
            return RejectReason.MethodMalformed;
        if (connect)
            _targetRange = _asked;
        else if (!IsHttp(_scheme.Of(Bytes)))
            return RejectReason.TargetSchemeUnsupported;
        if (!connect && Target is not ([(byte)'/', ..] or [(byte)'*']))
            return RejectReason.TargetMalformed;
        return _target.Read(Bytes, _targetRange.Start, _targetRange.End, MethodKind);
    }

    /// <summary>The authority is what a Host field would be; where both are, they must say the same (RFC 9113 section 8.3.1).</summary>
    private RejectReason ReadAuthority()
    {
        _target.Authority = default;
        if (_asked.Of(Bytes).Contains((byte)'@'))
            return RejectReason.TargetUserinfo;
        if (_asked.IsEmpty && !Has(KnownHeader.Host))
            return RejectReason.HostMissing;
        if (Has(KnownHeader.Host))
        {
            if (KnownHeaders.Has(Repeated, KnownHeader.Host))
                return RejectReason.HostRepeated;
            var host = ValueRange(KnownHeader.Host);
            if (!TryReadAuthority(host, out _))
                return RejectReason.HostMalformed;
            if ((_pseudo & PseudoFields.Authority) != PseudoFields.None && !Ascii.EqualsIgnoreCase(host.Of(Bytes), _asked.Of(Bytes)))
                return RejectReason.AuthorityMismatch;
        }

        if (_asked.IsEmpty)
            return RejectReason.None;
        var valid = TryReadAuthority(_asked, out var port);
        return valid && (MethodKind != HttpMethodKind.Connect || port >= 0) ? RejectReason.None : RejectReason.TargetAuthorityMalformed;
    }

    private bool IsTrailersOnly()
    {
        TryGet(KnownHeader.Te, out var value);
        return !KnownHeaders.Has(Repeated, KnownHeader.Te) && Ascii.EqualsIgnoreCase(value, "trailers"u8);
    }
}
