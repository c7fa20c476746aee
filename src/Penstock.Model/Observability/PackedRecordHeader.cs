// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.Model.Observability;

/// <summary>What stands before the bytes of a record in an <see cref="AccessLogRing"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackedRecordHeader
{
    /// <summary>Number of fields of variable length; they follow the header in the order of <see cref="PackedField"/>.</summary>
    public const int FieldCount = 13;

    /// <summary>In <see cref="Length"/>: nothing more before the end of the ring, go on at its start.</summary>
    public const int Skip = -1;

    /// <summary>Bytes of header and fields, rounded up to 8; or <see cref="Skip"/>.</summary>
    public int Length;

    public int Status;
    public long StartUnixMicroseconds;
    public long DurationMicroseconds;
    public long UpstreamMicroseconds;
    public long RequestBodyBytes;
    public long ResponseBodyBytes;
    public int ClientPort;
    public int HttpVersion;
    public int Attempts;

    /// <summary>A bit for each field that was cut to its limit.</summary>
    public int Truncated;

    /// <summary>Where each field ends, counted from the end of the header.</summary>
    public FieldEnds Ends;

    /// <summary>One end for each field.</summary>
    [InlineArray(FieldCount)]
    public struct FieldEnds
    {
        private ushort _first;
    }
}
