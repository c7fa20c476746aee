// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Observability;

/// <summary>A ring of finished requests between one reactor (writer) and the access log's thread (reader). Bounded: a record that does not fit is dropped and counted.</summary>
public sealed class AccessLogRing
{
    /// <summary>A ring of the given size.</summary>
    /// <param name="capacityBytes">Bytes, a power of two of at least 64 KiB.</param>
    public AccessLogRing(int capacityBytes) => _ = capacityBytes;

    /// <summary>Appends a record; called by one thread only. Allocates nothing and never blocks.</summary>
    /// <returns>False when the ring is full: the record is dropped and counted.</returns>
    public bool TryWrite(in AccessRecord record) => false;
}
