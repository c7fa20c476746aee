// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Config.Binding;

/// <summary>Hosts: names, dotted quads, IPv6 addresses in brackets. Brought to lower case.</summary>
internal static class HostText
{
    private const int NameLength = 253;
    private const int LabelLength = 63;
    private const string AnyBelow = "*.";

    /// <summary>Whether a text is a name of labels of letters, digits, '-' and '_'.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= NameLength
        && text.Split('.').All(label => label.Length is > 0 and <= LabelLength && label[0] != '-' && label[^1] != '-'
            && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));

    /// <summary>A host, or <c>*.</c> and a name.</summary>
    public static Parsed ParsePattern(string text)
    {
        var host = text.ToLowerInvariant();
        var name = host.StartsWith(AnyBelow, StringComparison.Ordinal) ? host[AnyBelow.Length..] : host;
        if (IsName(name) || (name.Length == host.Length && IsBracketed(host)))
            return Parsed.Ok(host);

        if (host is "*" or "")
            return Parsed.Bad("a host; leave the key out to match any");

        if (SplitPort(host, out var bare, out _))
            return Parsed.Bad(suggestion: bare);

        return Parsed.Bad(suggestion: Correct(name) is { } correct ? host[..^name.Length] + correct : null);
    }

    /// <summary>A host with an optional port.</summary>
    public static Parsed ParseWithPort(string text)
    {
        var host = text.ToLowerInvariant();
        if (!SplitPort(host, out var name, out var port))
            name = host;

        if (IsName(name) || IsBracketed(name))
            return Parsed.Ok(port is null ? name : $"{name}:{port}");

        return Parsed.Bad(suggestion: Correct(name));
    }

    private static bool SplitPort(string host, out string name, out string? port)
    {
        name = host;
        port = null;
        var colon = host.LastIndexOf(':');
        if (colon <= 0 || !AddressText.TryPort(host[(colon + 1)..], out var number) || number == 0)
            return false;

        name = host[..colon];
        port = host[(colon + 1)..];
        return IsName(name.StartsWith(AnyBelow, StringComparison.Ordinal) ? name[AnyBelow.Length..] : name) || IsBracketed(name);
    }

    private static bool IsBracketed(string host) =>
        host.Length > 2 && host[0] == '[' && host[^1] == ']' && !host.Contains('%', StringComparison.Ordinal)
        && AddressText.TryParse(host[1..^1], out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static string? Correct(string name)
    {
        var scheme = name.IndexOf("://", StringComparison.Ordinal);
        var bare = (scheme < 0 ? name : name[(scheme + 3)..]).TrimEnd('.', '/').TrimStart('.');
        if (IPAddress.TryParse(bare, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6)
            return $"[{bare}]";

        try
        {
            var ascii = new IdnMapping().GetAscii(bare);
            return IsName(ascii) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
