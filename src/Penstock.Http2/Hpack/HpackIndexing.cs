// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>What may be kept of a field in compression tables (RFC 7541 section 6.2).</summary>
internal enum HpackIndexing
{
    /// <summary>It goes into the dynamic table.</summary>
    Add,

    /// <summary>It does not, because it will hardly come again.</summary>
    None,

    /// <summary>It may go into no table on its way, because it is secret.</summary>
    Never,
}
