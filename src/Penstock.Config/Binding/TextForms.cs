// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;
using Penstock.Model.Observability;
using Penstock.Model.Schema;

namespace Penstock.Config.Binding;

/// <summary>What texts of each form look like.</summary>
internal static class TextForms
{
    private const int BodyBytes = 64 << 10;
    private const int HeaderValueLength = 1024;
    private const int LabelLength = 256;
    private const int NameLength = 128;
    private const int SocketPathBytes = 107;

    private static readonly SearchValues<char> s_nameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    private static readonly SearchValues<char> s_tokenCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    /// <summary>What to write.</summary>
    public static string Expected(TextForm form) => form switch
    {
        TextForm.Name => "a name of letters, digits, '.', '_' and '-', up to 128 characters, that begins with a letter or digit",
        TextForm.Label => "printable text on one line, up to 256 characters",
        TextForm.Body => "text, up to 64 KiB",
        TextForm.HostPattern => "a host such as shop.example.com or \"*.example.com\", without a port",
        TextForm.HostAndPort => "a host such as shop.example.com, with or without a port",
        TextForm.DnsName => "a DNS name such as api.internal",
        TextForm.UrlPath => "a path that begins with '/', without query",
        TextForm.UrlPathAndQuery => "a path that begins with '/'",
        TextForm.Regex => "a regular expression of at most 1024 characters",
        TextForm.Method => "an HTTP method in upper case, such as GET",
        TextForm.HeaderValue => "printable ASCII text on one line, up to 1024 characters",
        TextForm.SocketPath => "an absolute path of at most 107 bytes",
        TextForm.FileOrStdout => "stdout, or an absolute path",
        TextForm.FilePath => "an absolute path",
        TextForm.InterfaceName => "the name of a network interface, such as eth0",
        TextForm.MacAddress => "a MAC address such as \"02:00:5e:00:53:01\"",
        TextForm.NamespacedName => "a namespace and a name, such as istio-system/istio-ingressgateway",
        TextForm.AccessLogFormat => "json, or text with %{field} placeholders",
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, message: null),
    };

    /// <summary>Short name for the reference.</summary>
    public static string TypeName(TextForm form) => form switch
    {
        TextForm.HostPattern or TextForm.HostAndPort => "host",
        TextForm.DnsName => "DNS name",
        TextForm.UrlPath or TextForm.UrlPathAndQuery => "path",
        TextForm.Regex => "regular expression",
        TextForm.SocketPath or TextForm.FileOrStdout or TextForm.FilePath => "file path",
        TextForm.Name => "name",
        TextForm.InterfaceName => "interface name",
        TextForm.MacAddress => "MAC address",
        TextForm.Method => "method",
        TextForm.NamespacedName => "namespace/name",
        _ => "text",
    };

    /// <summary>A pattern for editors (ECMA-262); null: none that says more than "text".</summary>
    public static string? Pattern(TextForm form) => form switch
    {
        TextForm.Name => "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        TextForm.UrlPath => "^/[^?#\\s]*$",
        TextForm.UrlPathAndQuery => "^/[^#\\s]*$",
        TextForm.Method => "^[A-Z0-9!#$%&'*+.^_`|~-]+$",
        TextForm.SocketPath or TextForm.FilePath => "^/",
        TextForm.InterfaceName => "^[^/\\s]{1,15}$",
        TextForm.MacAddress => "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$",
        TextForm.FileOrStdout => "^(stdout|/.*)$",
        TextForm.NamespacedName => "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        _ => null,
    };

    /// <summary>Checks a text, and brings it to its normal form.</summary>
    public static Parsed Parse(TextForm form, string text) => form switch
    {
        TextForm.Name => Name(text),
        TextForm.Label => text.Length is > 0 and <= LabelLength && !text.Any(char.IsControl) ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.Body => Encoding.UTF8.GetByteCount(text) is <= BodyBytes ? Parsed.Ok(text) : Parsed.Bad(found: "a text of more than 64 KiB"),
        TextForm.HostPattern => HostText.ParsePattern(text),
        TextForm.HostAndPort => HostText.ParseWithPort(text),
        TextForm.DnsName => IsDnsName(text) ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.UrlPath => UrlPath(text, withQuery: false),
        TextForm.UrlPathAndQuery => UrlPath(text, withQuery: true),
        TextForm.Regex => RegexText.Parse(text),
        TextForm.Method => Method(text),
        TextForm.HeaderValue => HeaderValue(text),
        TextForm.SocketPath => IsFilePath(text) && Encoding.UTF8.GetByteCount(text) <= SocketPathBytes ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.FileOrStdout => text is "stdout" || IsFilePath(text) ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.FilePath => IsFilePath(text) ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.InterfaceName => IsInterfaceName(text) ? Parsed.Ok(text) : Parsed.Bad(),
        TextForm.MacAddress => MacAddress(text),
        TextForm.NamespacedName => NamespacedName(text),
        TextForm.AccessLogFormat => LogFormat(text),
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, message: null),
    };

    /// <summary>Whether a text can be asked of DNS: labels of up to 63 letters, digits, '-' and '_', at most 253 characters, a dot at the end allowed.</summary>
    public static bool IsDnsName(string text) =>
        HostText.IsName(text.EndsWith('.') ? text[..^1] : text);

    private static Parsed Name(string text) =>
        text.Length is > 0 and <= NameLength && char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept(s_nameCharacters)
            ? Parsed.Ok(text)
            : Parsed.Bad();

    private static bool IsInterfaceName(string text) =>
        text.Length is > 0 and <= 15 && text is not "." and not ".." && text.AsSpan().ContainsAnyExceptInRange('!', '~') is false && !text.Contains('/', StringComparison.Ordinal);

    private static Parsed MacAddress(string text)
    {
        var octets = text.Split(':');
        if (octets.Length != 6 || !Array.TrueForAll(octets, octet => octet.Length == 2 && octet.All(char.IsAsciiHexDigit)))
            return Parsed.Bad(suggestion: octets.Length == 1 && text.Contains('-', StringComparison.Ordinal) ? text.Replace('-', ':') : null);

        // The lowest bit of the first octet says that many have it (IEEE 802, 8.2): a group, or with all bits everybody.
        var isOfMany = (Convert.FromHexString(octets[0])[0] & 1) != 0;
        return isOfMany || Array.TrueForAll(octets, octet => octet is "00") ? Parsed.Bad("the MAC address of one host") : Parsed.Ok(text.ToLowerInvariant());
    }

    private static Parsed NamespacedName(string text)
    {
        var parts = text.Split('/');
        if (parts.Length == 2 && Array.TrueForAll(parts, IsLabel))
            return Parsed.Ok(text);

        // NAME.NAMESPACE and what follows is how DNS in the cluster has it.
        var labels = text.Split('.');
        return Parsed.Bad(suggestion: labels.Length > 1 && IsLabel(labels[0]) && IsLabel(labels[1]) ? $"{labels[1]}/{labels[0]}" : null);
    }

    // RFC 1123, as names of namespaces and Services are.
    private static bool IsLabel(string text) =>
        text.Length is > 0 and <= 63 && text[0] != '-' && text[^1] != '-' && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static bool IsFilePath(string text) => text.StartsWith('/') && !text.EndsWith('/') && !text.Any(char.IsControl);

    private static Parsed UrlPath(string text, bool withQuery)
    {
        if (!text.StartsWith('/'))
            return Parsed.Bad(suggestion: text.Length > 0 && text.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : "/" + text);

        if (text.AsSpan().ContainsAnyExceptInRange('!', '~') || text.Contains('#', StringComparison.Ordinal))
            return Parsed.Bad("a path of visible ASCII characters, others percent-encoded");

        if (!withQuery && text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query)
            return Parsed.Bad(suggestion: text[..query]);

        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                return Parsed.Bad("two hexadecimal digits after each '%'");
        }

        return Parsed.Ok(text);
    }

    private static Parsed Method(string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAnyExcept(s_tokenCharacters))
            return Parsed.Bad();

        var upper = text.ToUpperInvariant();
        return string.Equals(upper, text, StringComparison.Ordinal) ? Parsed.Ok(text) : Parsed.Bad(suggestion: upper);
    }

    private static Parsed HeaderValue(string text) =>
        text.Length is > 0 and <= HeaderValueLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text[0] != ' ' && text[^1] != ' '
            ? Parsed.Ok(text)
            : Parsed.Bad();

    private static Parsed LogFormat(string text)
    {
        if (AccessLogFormat.TryParse(text, out _, out var error, out var position))
            return Parsed.Ok(text);

        var end = text.IndexOf('}', position);
        var name = end > position ? text[position..end] : "";
        return AccessLogFields.Names.Contains(name, StringComparer.Ordinal) || !error.StartsWith("unknown", StringComparison.Ordinal)
            ? Parsed.Bad(found: error)
            : Parsed.Bad($"one of {string.Join(", ", AccessLogFields.Names)}", Nearest.Find(name, AccessLogFields.Names), error);
    }
}
