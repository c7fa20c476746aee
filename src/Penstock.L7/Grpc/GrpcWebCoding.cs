// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Grpc;

/// <summary>How the content of a call of gRPC-Web is coded.</summary>
internal enum GrpcWebCoding
{
    /// <summary>It is no such call, or not translated.</summary>
    None,

    /// <summary>As gRPC codes it (<c>application/grpc-web</c>).</summary>
    Binary,

    /// <summary>As that, in base64 (<c>application/grpc-web-text</c>).</summary>
    Text,
}
