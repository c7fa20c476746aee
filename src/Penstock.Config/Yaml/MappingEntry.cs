// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Config.Yaml;

/// <summary>A key and its value.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MappingEntry(ScalarNode Key, Node Value);
