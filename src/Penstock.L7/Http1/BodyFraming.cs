// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>How the end of a message's body is found (RFC 9112 section 6.3).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is no body.</summary>
    None,

    /// <summary>Content-Length bytes, possibly 0.</summary>
    Length,

    /// <summary>The chunked transfer coding.</summary>
    Chunked,

    /// <summary>Everything until the connection closes; responses only.</summary>
    UntilClose,
}
