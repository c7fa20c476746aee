// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.L7.Routing;

/// <summary>Replaces a route's path prefix in what is forwarded. With <c>/api</c> to <c>/v2</c>, /api gives /v2 and /api/x gives /v2/x; with <c>/api</c> to <c>/</c>, / and /x.</summary>
internal sealed class PrefixRewrite
{
    private readonly int _prefixLength;
    private readonly byte[] _whole;
    private readonly int _headLength;

    /// <summary>Compiles a rewrite.</summary>
    /// <param name="prefix">The route's path prefix.</param>
    /// <param name="replacement">What stands in its place, ready for the wire; empty counts as <c>/</c>.</param>
    public PrefixRewrite(string prefix, string replacement)
    {
        byte[] decoded = Encoding.UTF8.GetBytes(prefix);
        _prefixLength = decoded.AsSpan(0, PathNormalizer.Decode(decoded, decoded)).TrimEnd((byte)'/').Length;
        _whole = replacement.Length == 0 ? "/"u8.ToArray() : Encoding.UTF8.GetBytes(replacement);
        _headLength = _whole.AsSpan().TrimEnd((byte)'/').Length;
    }

    /// <summary>Bytes that <see cref="Write"/> may need for a path.</summary>
    public int MaxLength(int pathLength) => _whole.Length + 1 + pathLength;

    /// <summary>Writes the path to forward.</summary>
    /// <param name="forward">The normalised path as it would be forwarded, of a request that the route matched.</param>
    /// <param name="destination">At least <see cref="MaxLength"/>.</param>
    /// <returns>Bytes written; they start with one slash.</returns>
    public int Write(ReadOnlySpan<byte> forward, Span<byte> destination)
    {
        ReadOnlySpan<byte> rest = forward[PathNormalizer.EndOfMatch(forward, _prefixLength)..];
        if (rest.IsEmpty)
        {
            _whole.CopyTo(destination);
            return _whole.Length;
        }

        _whole.AsSpan(0, _headLength).CopyTo(destination);
        int length = _headLength;
        if (rest[0] == '/')
        {
            rest = rest.TrimStart((byte)'/');
            destination[length++] = (byte)'/';
        }
        else if (length == 0)
        {
            // What follows starts with an encoded slash, which stays.
            destination[length++] = (byte)'/';
        }

        rest.CopyTo(destination[length..]);
        return length + rest.Length;
    }
}
