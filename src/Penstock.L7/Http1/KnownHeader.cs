// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>The fields the proxy reads, writes or removes. Fewer than 64, so that a set of them is a ulong.</summary>
internal enum KnownHeader : byte
{
    Other,
    Host,
    Connection,
    ContentLength,
    TransferEncoding,
    Te,
    Trailer,
    Upgrade,
    Expect,
    KeepAlive,
    ProxyConnection,
    ProxyAuthenticate,
    ProxyAuthorization,
    Http2Settings,

    /// <summary><c>Proxy</c>, which CGI turns into HTTP_PROXY (CVE-2016-5385).</summary>
    Proxy,
    XForwardedFor,
    XForwardedProto,
    XForwardedHost,

    XForwardedClientCert,

    /// <summary>Any other name that begins with <c>X-Forwarded-</c>.</summary>
    XForwardedOther,
    XRealIp,
    Forwarded,
    Via,
    XRequestId,
    MaxForwards,
    ProxyStatus,
    UserAgent,
    Referer,
    Server,
    Date,
    ContentType,
    Cookie,
    Authorization,
    Location,
}
