// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.L7.Errors;

namespace Penstock.L7.Grpc;

/// <summary>What a <see cref="GrpcStatus"/> looks like from outside, and which one an error of the proxy is.</summary>
internal static class GrpcStatuses
{
    private static readonly string[] s_tokens = Tokens.Of<GrpcStatus>();
    private static readonly byte[][] s_numbers = [.. Enum.GetValues<GrpcStatus>().Select(status => Encoding.ASCII.GetBytes(((int)status).ToString(CultureInfo.InvariantCulture)))];

    /// <summary>How many there are.</summary>
    internal static int Count => s_numbers.Length;

    /// <summary>What a call gets in place of a response (gRPC: doc/http-grpc-status-mapping.md), but that a time limit is a deadline.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="httpStatus">The status that other requests would get.</param>
    internal static GrpcStatus Of(ProxyError error, int httpStatus) => error is ProxyError.RequestTimeout or ProxyError.GrpcTimeout
        ? GrpcStatus.DeadlineExceeded
        : httpStatus switch
        {
            400 => GrpcStatus.Internal,
            401 => GrpcStatus.Unauthenticated,
            403 => GrpcStatus.PermissionDenied,
            404 => GrpcStatus.Unimplemented,
            429 or 502 or 503 or 504 => GrpcStatus.Unavailable,
            _ => GrpcStatus.Unknown,
        };

    /// <summary>The value of grpc-status.</summary>
    internal static byte[] Number(this GrpcStatus status) => s_numbers[(int)status];

    /// <summary>Its name in metrics.</summary>
    internal static string Token(this GrpcStatus status) => s_tokens[(int)status];
}
