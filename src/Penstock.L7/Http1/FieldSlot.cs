// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>Where a field line lies in its section's bytes; 16 bytes, so that four share a cache line.</summary>
internal struct FieldSlot
{
    public int NameStart;
    public int ValueStart;
    public int ValueLength;
    public ushort NameLength;
    public KnownHeader Id;

    /// <summary>Never forwarded: named by Connection, or its name imitates a field the proxy owns.</summary>
    public bool Dropped;
}
