// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>Why a field block cannot be decoded (RFC 7541). After any of these the state of the connection's compression is lost.</summary>
internal enum HpackFault : byte
{
    None,

    /// <summary>The block ends within a field.</summary>
    Truncated,

    /// <summary>An integer beyond what anything here can be (section 5.1 asks for a limit).</summary>
    IntegerOverflow,

    /// <summary>Index 0, or one that no table has (section 2.3.3).</summary>
    IndexInvalid,

    /// <summary>A Huffman-coded string holds EOS, or its padding is longer than 7 bits or not of ones (section 5.2).</summary>
    HuffmanInvalid,

    /// <summary>A change of the table's size that is larger than what was allowed (section 6.3).</summary>
    TableSizeTooLarge,

    /// <summary>A change of the table's size behind a field (section 4.2).</summary>
    TableSizeLate,
}
