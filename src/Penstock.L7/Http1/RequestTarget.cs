// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.L7.Http1;

/// <summary>
/// A request target taken apart (RFC 9112 section 3.2). Characters: RFC 3986, plus exactly those that browsers send unencoded
/// (WHATWG URL standard): <c>[ ] | ^</c> in a path, these and <c>{ } ` \</c> in a query. A percent sign in a path must begin an encoding, and
/// not that of NUL; a query is opaque to the proxy and browsers leave a stray percent sign in it, so there it is let be.
/// Spaces, controls, <c>" &lt; &gt; #</c> and bytes from 0x80 on are refused everywhere.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct RequestTarget
{
    /// <summary>Which of the four forms.</summary>
    public TargetForm Form;

    /// <summary>Host and port as received; only in absolute and authority form.</summary>
    public ByteRange Authority;

    /// <summary>The path; empty stands for <c>/</c>.</summary>
    public ByteRange Path;

    /// <summary>The query with its question mark, or nothing.</summary>
    public ByteRange Query;

    /// <summary>Reads data[start..end], behind which a space stands. The authority, if there is one, is left for <see cref="HostText"/> to judge.</summary>
    public RejectReason Read(ReadOnlySpan<byte> data, int start, int end, HttpMethodKind method)
    {
        Authority = Path = Query = default;
        if (method == HttpMethodKind.Connect)
        {
            Form = TargetForm.Authority;
            Authority = Path = ByteRange.Between(start, end);
            return RejectReason.None;
        }

        if (data[start] == (byte)'/')
        {
            Form = TargetForm.Origin;
            return ReadPath(data, start, end);
        }

        if (end - start == 1 && data[start] == (byte)'*')
        {
            Form = TargetForm.Asterisk;
            Path = new ByteRange(start, 1);
            return method == HttpMethodKind.Options ? RejectReason.None : RejectReason.TargetFormNotAllowed;
        }

        return ReadAbsolute(data, start, end);
    }

    private RejectReason ReadAbsolute(ReadOnlySpan<byte> data, int start, int end)
    {
        ReadOnlySpan<byte> target = data[start..end];
        int scheme = target.IndexOf("://"u8);
        if (scheme <= 0)
        {
            return target.Contains((byte)'#') ? RejectReason.TargetFragment : RejectReason.TargetMalformed;
        }

        if (!Ascii.EqualsIgnoreCase(target[..scheme], "http"u8) && !Ascii.EqualsIgnoreCase(target[..scheme], "https"u8))
        {
            return RejectReason.TargetSchemeUnsupported;
        }

        Form = TargetForm.Absolute;
        ReadOnlySpan<byte> rest = target[(scheme + 3)..];
        int length = rest.IndexOfAny("/?#"u8);
        length = length < 0 ? rest.Length : length;
        Authority = new ByteRange(start + scheme + 3, length);
        if (rest[..length].Contains((byte)'@'))
        {
            // RFC 9110 section 4.2.4: treat as an error, it is used to obscure the authority.
            return RejectReason.TargetUserinfo;
        }

        return length > 0 ? ReadPath(data, Authority.End, end) : RejectReason.TargetAuthorityMalformed;
    }

    private RejectReason ReadPath(ReadOnlySpan<byte> data, int start, int end)
    {
        int at = start;
        while (true)
        {
            at = ByteScan.IndexOfAnyExcept(data, at, AsciiSet.Path);
            if (data[at] != (byte)'%')
            {
                break;
            }

            if (at + 3 > end || !char.IsAsciiHexDigit((char)data[at + 1]) || !char.IsAsciiHexDigit((char)data[at + 2]) || data.Slice(at + 1, 2).SequenceEqual("00"u8))
            {
                return RejectReason.TargetPercentEncoding;
            }

            at += 3;
        }

        Path = ByteRange.Between(start, at);
        if (data[at] == (byte)'?')
        {
            int query = at;
            at = ByteScan.IndexOfAnyExcept(data, at, AsciiSet.Query);
            Query = ByteRange.Between(query, at);
        }

        return at == end ? RejectReason.None
            : data[at] == (byte)'#' ? RejectReason.TargetFragment
            : RejectReason.TargetMalformed;
    }
}
