// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Runtime.InteropServices;

namespace Penstock.L7.Explaining;

/// <summary>A URL in the parts that a client sends. Taken apart as it stands: what a path means is for the proxy to say.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>; null: a path alone was given.</param>
/// <param name="Authority">Host, and port where one is written.</param>
/// <param name="Host">The host alone, of IPv6 without brackets.</param>
/// <param name="Port">The port that it means; 0: a path alone was given.</param>
/// <param name="Target">Path and query.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AskedUrl(string? Scheme, string Authority, string Host, int Port, string Target)
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    /// <summary>Host and port as CONNECT names them.</summary>
    public string HostAndPort => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>Takes a URL apart; null: it is none.</summary>
    public static AskedUrl? Parse(string url)
    {
        var text = url.Split('#')[0];
        if (text.StartsWith('/') || text is "*")
            return new AskedUrl(Scheme: null, "", "", Port: 0, text);
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = colon < 0 ? "" : text[..colon].ToLowerInvariant();
        if (scheme is not ("http" or "https"))
            return null;
        var rest = text[(colon + 3)..];
        var end = rest.AsSpan().IndexOfAny('/', '?');
        var (authority, target) = end < 0 ? (rest, "/") : (rest[..end], rest[end] == '/' ? rest[end..] : "/" + rest[end..]);
        if (authority.Length == 0 || authority.Contains('@', StringComparison.Ordinal))
            return null;
        var last = authority.LastIndexOf(':');
        var hasPort = last > authority.LastIndexOf(']');
        var port = scheme is "https" ? HttpsPort : HttpPort;
        if (hasPort && (!int.TryParse(authority.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > ushort.MaxValue))
            return null;
        return new AskedUrl(scheme, authority, (hasPort ? authority[..last] : authority).Trim('[', ']'), port, target);
    }
}
