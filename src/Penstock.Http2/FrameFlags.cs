// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2;

/// <summary>Flags of frames (RFC 9113 section 6); what a bit means depends on the type.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,

    /// <summary>Of SETTINGS and PING.</summary>
    Ack = 0x1,

    /// <summary>Of DATA and HEADERS.</summary>
    EndStream = 0x1,

    /// <summary>Of HEADERS and CONTINUATION.</summary>
    EndHeaders = 0x4,

    /// <summary>Of DATA and HEADERS.</summary>
    Padded = 0x8,

    /// <summary>Of HEADERS.</summary>
    Priority = 0x20,
}
