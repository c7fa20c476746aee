// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>What one step of <see cref="ChunkedDecoder"/> gave.</summary>
internal enum ChunkStatus
{
    /// <summary>A piece of the body; call again for the next.</summary>
    Data,

    /// <summary>All of the input is used and the body goes on.</summary>
    NeedMore,

    /// <summary>The body is over, its trailer section included; what is left in the input is not part of it.</summary>
    Done,

    /// <summary>The coding is broken; the connection cannot be used again.</summary>
    Rejected,
}
