// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>Builds the Location of a redirect: parts that the configuration does not give come from the request.</summary>
internal sealed class RedirectTarget
{
    private readonly byte[]? _scheme;
    private readonly byte[]? _host;
    private readonly byte[]? _path;
    private readonly int _fixedLength;

    /// <summary>Compiles a redirect.</summary>
    public RedirectTarget(RedirectAction action)
    {
        Status = action.Status;
        _scheme = Bytes(action.Scheme);
        _host = Bytes(action.Host);
        _path = Bytes(action.Path);
        _fixedLength = (_scheme?.Length ?? 0) + (_host?.Length ?? 0) + (_path?.Length ?? 0) + "https:///".Length;
    }

    /// <summary>Status code.</summary>
    public int Status { get; }

    /// <summary>Whether it takes a host from the request: as a path alone it would lose its scheme, and lead to where it came from.</summary>
    public bool NeedsHost => _scheme is not null && _host is null;

    /// <summary>Bytes that <see cref="Write"/> may need.</summary>
    /// <param name="requestLength">Bytes of the request's authority, path and query together.</param>
    public int MaxLength(int requestLength) => _fixedLength + requestLength;

    /// <summary>
    /// Writes the Location. The request's port goes with the request's scheme: it is left out when the redirect changes the scheme.
    /// Leading slashes count as one. Without any host the Location is a path.
    /// </summary>
    /// <param name="scheme">Of the request: http or https.</param>
    /// <param name="authority">Of the request, checked by the codec: host and port, or empty.</param>
    /// <param name="path">Of the request, as forwarded.</param>
    /// <param name="query">Of the request, with its question mark, or empty.</param>
    /// <param name="destination">At least <see cref="MaxLength"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Write(ReadOnlySpan<byte> scheme, ReadOnlySpan<byte> authority, ReadOnlySpan<byte> path, ReadOnlySpan<byte> query, Span<byte> destination)
    {
        ReadOnlySpan<byte> newScheme = _scheme is null ? scheme : _scheme;
        ReadOnlySpan<byte> host = _host is not null ? _host
            : newScheme.SequenceEqual(scheme) ? authority : WithoutPort(authority);
        int length = 0;
        if (!host.IsEmpty)
        {
            Append(newScheme, destination, ref length);
            Append("://"u8, destination, ref length);
            Append(host, destination, ref length);
        }

        if (_path is not null)
        {
            Append(_path, destination, ref length);
            return length;
        }

        Append("/"u8, destination, ref length);
        if (path.StartsWith((byte)'/'))
        {
            Append(path.TrimStart((byte)'/'), destination, ref length);
        }

        Append(query, destination, ref length);
        return length;
    }

    private static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> authority)
    {
        int colon = authority.LastIndexOf((byte)':');
        return colon > authority.LastIndexOf((byte)']') ? authority[..colon] : authority;
    }

    private static void Append(ReadOnlySpan<byte> bytes, Span<byte> destination, ref int length)
    {
        bytes.CopyTo(destination[length..]);
        length += bytes.Length;
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
