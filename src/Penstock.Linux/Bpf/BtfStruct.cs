// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>Layout of a C struct or union.</summary>
/// <param name="Name">Its tag.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Fields">Members in order.</param>
public sealed record BtfStruct(string Name, int Size, IReadOnlyList<BtfField> Fields);
