// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>A member of a struct, or a variable of a section.</summary>
/// <param name="Name">Empty: an anonymous struct or union.</param>
/// <param name="Offset">Bytes from the start; bit fields give the byte they begin in.</param>
/// <param name="Size">Bytes.</param>
public sealed record BtfField(string Name, int Offset, int Size);
