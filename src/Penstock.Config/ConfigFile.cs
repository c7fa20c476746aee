// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config;

/// <summary>One file of a configuration as it was read.</summary>
/// <param name="Name">Path, as diagnostics show it.</param>
/// <param name="Content">Its bytes.</param>
public sealed record ConfigFile(string Name, ReadOnlyMemory<byte> Content);
