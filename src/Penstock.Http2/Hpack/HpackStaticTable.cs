// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Http2.Hpack;

/// <summary>The table of RFC 7541 appendix A.</summary>
internal static class HpackStaticTable
{
    /// <summary>Entries; the dynamic table's indexes follow.</summary>
    internal const int Count = 61;

    private static readonly (byte[] Name, byte[] Value)[] s_entries = Build();
    private static readonly int[][] s_byLength = ByLength();

    /// <summary>The name at an index from 1.</summary>
    internal static ReadOnlySpan<byte> Name(int index) => s_entries[index - 1].Name;

    /// <summary>The value at an index from 1.</summary>
    internal static ReadOnlySpan<byte> Value(int index) => s_entries[index - 1].Value;

    /// <summary>The index of a field, or of its name; 0: neither.</summary>
    /// <param name="name">Lower case.</param>
    /// <param name="value">Value.</param>
    /// <param name="exact">Whether the value is that of the entry, too.</param>
    internal static int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out bool exact)
    {
        exact = false;
        if (name.Length >= s_byLength.Length)
            return 0;
        var found = 0;
        foreach (var index in s_byLength[name.Length])
        {
            if (!name.SequenceEqual(Name(index)))
                continue;
            if (value.SequenceEqual(Value(index)))
            {
                exact = true;
                return index;
            }

            found = found == 0 ? index : found;
        }

        return found;
    }

    private static int[][] ByLength()
    {
        var byLength = Enumerable.Range(1, Count).ToLookup(index => s_entries[index - 1].Name.Length);
        return [.. Enumerable.Range(0, byLength.Max(group => group.Key) + 1).Select(length => byLength[length].ToArray())];
    }

    private static (byte[] Name, byte[] Value)[] Build()
    {
        string[] lines =
        [
            ":authority", ":method GET", ":method POST", ":path /", ":path /index.html", ":scheme http", ":scheme https", ":status 200",
            ":status 204", ":status 206", ":status 304", ":status 400", ":status 404", ":status 500", "accept-charset",
            "accept-encoding gzip, deflate", "accept-language", "accept-ranges", "accept", "access-control-allow-origin", "age", "allow",
            "authorization", "cache-control", "content-disposition", "content-encoding", "content-language", "content-length",
            "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect", "expires", "from", "host", "if-match",
            "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "link", "location", "max-forwards",
            "proxy-authenticate", "proxy-authorization", "range", "referer", "refresh", "retry-after", "server", "set-cookie",
            "strict-transport-security", "transfer-encoding", "user-agent", "vary", "via", "www-authenticate",
        ];
        return Array.ConvertAll(lines, static line =>
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            return space < 0 ? (Encoding.ASCII.GetBytes(line), []) : (Encoding.ASCII.GetBytes(line[..space]), Encoding.ASCII.GetBytes(line[(space + 1)..]));
        });
    }
}
