// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Errors;

/// <summary>Values of the Proxy-Status field (RFC 9209) under one node's name, made once so that none is made for a request.</summary>
internal sealed class ProxyStatusField
{
    private readonly string _node;
    private readonly byte[][] _values;

    /// <summary>Values for the node of the given name.</summary>
    public ProxyStatusField(string node)
    {
        _node = IsToken(node) ? node : Quote(node);
        _values = new byte[ProxyErrors.All.Length + 1][];
        _values[(int)ProxyError.None] = [];
        foreach (ProxyError error in ProxyErrors.All)
        {
            _values[(int)error] = Compose(error, ProxyErrors.Of(error).Details);
        }
    }

    /// <summary>The field's value for an error, such as <c>lb1; error=connection_refused</c>; empty for <see cref="ProxyError.None"/>.</summary>
    public ReadOnlySpan<byte> Value(ProxyError error) => _values[(int)error];

    /// <summary>The value with other details than the catalogue's, such as the codec's reason. Allocates: make it once for each reason.</summary>
    public byte[] Compose(ProxyError error, string? details)
    {
        string value = $"{_node}; error={ProxyErrors.Of(error).Type}";
        return Encoding.ASCII.GetBytes(details is null ? value : $"{value}; details={Quote(details)}");
    }

    /// <summary>Whether the text is an sf-token (RFC 8941 section 3.3.4).</summary>
    private static bool IsToken(string text)
    {
        if (text.Length == 0 || !(char.IsAsciiLetter(text[0]) || text[0] == '*'))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~:/".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The text as an sf-string (RFC 8941 section 3.3.3), which holds printable ASCII only: anything else becomes a question mark.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
            {
                quoted.Append('\\');
            }

            quoted.Append(c is >= ' ' and <= '~' ? c : '?');
        }

        return quoted.Append('"').ToString();
    }
}
