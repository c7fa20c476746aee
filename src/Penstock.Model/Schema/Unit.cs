// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>What a whole number counts.</summary>
public enum Unit
{
    /// <summary>Bytes: 512B, 8KiB, 1MB.</summary>
    Bytes,

    /// <summary>Bytes per second: 240B/s, 1MiB/s.</summary>
    BytesPerSecond,

    /// <summary>Hundredths of a whole: 50%.</summary>
    Percent,
}
