// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>Comma-separated lists of tokens (RFC 9110 section 5.6.1).</summary>
internal static class ListSyntax
{
    /// <summary>Takes the next element off a list, without the white space around it; empty elements are to be skipped.</summary>
    public static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        int comma = rest.IndexOf((byte)',');
        ReadOnlySpan<byte> element = comma < 0 ? rest : rest[..comma];
        rest = comma < 0 ? default : rest[(comma + 1)..];
        return element.Trim(" \t"u8);
    }
}
