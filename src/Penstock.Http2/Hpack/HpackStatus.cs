// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>What one step of <see cref="HpackDecoder"/> gave.</summary>
internal enum HpackStatus
{
    /// <summary>A field.</summary>
    Field,

    /// <summary>The block is over.</summary>
    End,

    /// <summary>The block is broken; see <see cref="HpackDecoder.Fault"/>.</summary>
    Rejected,
}
