// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>Properties of methods (RFC 9110 section 9.2) and their names, which are case-sensitive.</summary>
internal static class HttpMethods
{
    /// <summary>Whether the method asks for no change of state (RFC 9110 section 9.2.1).</summary>
    public static bool IsSafe(this HttpMethodKind method) =>
        method is HttpMethodKind.Get or HttpMethodKind.Head or HttpMethodKind.Options or HttpMethodKind.Trace;

    /// <summary>Whether sending the request twice means the same as once (RFC 9110 section 9.2.2).</summary>
    public static bool IsIdempotent(this HttpMethodKind method) =>
        method.IsSafe() || method is HttpMethodKind.Put or HttpMethodKind.Delete;

    /// <summary>The kind a method token names.</summary>
    public static HttpMethodKind Parse(ReadOnlySpan<byte> token) => token.Length switch
    {
        3 => token.SequenceEqual("GET"u8) ? HttpMethodKind.Get : token.SequenceEqual("PUT"u8) ? HttpMethodKind.Put : HttpMethodKind.Other,
        4 => token.SequenceEqual("POST"u8) ? HttpMethodKind.Post : token.SequenceEqual("HEAD"u8) ? HttpMethodKind.Head : HttpMethodKind.Other,
        5 => token.SequenceEqual("PATCH"u8) ? HttpMethodKind.Patch : token.SequenceEqual("TRACE"u8) ? HttpMethodKind.Trace : HttpMethodKind.Other,
        6 => token.SequenceEqual("DELETE"u8) ? HttpMethodKind.Delete : HttpMethodKind.Other,
        7 => token.SequenceEqual("OPTIONS"u8) ? HttpMethodKind.Options : token.SequenceEqual("CONNECT"u8) ? HttpMethodKind.Connect : HttpMethodKind.Other,
        _ => HttpMethodKind.Other,
    };
}
