// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What the kernel knows of a map.</summary>
/// <param name="Type">Kind.</param>
/// <param name="Id">Number in the kernel, not reused until it wraps.</param>
/// <param name="KeySize">Bytes of a key.</param>
/// <param name="ValueSize">Bytes of a value, on each CPU.</param>
/// <param name="MaxEntries">Most entries; a ring buffer's bytes.</param>
/// <param name="Flags">Flags it was created with.</param>
/// <param name="Name">At most 15 letters.</param>
/// <param name="BtfId">BTF that describes key and value; 0: none.</param>
public sealed record BpfMapInfo(
    BpfMapType Type, uint Id, int KeySize, int ValueSize, uint MaxEntries, BpfMapFlags Flags, string Name, uint BtfId);
