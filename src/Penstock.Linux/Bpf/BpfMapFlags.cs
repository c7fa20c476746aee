// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>Flags of map creation (linux/bpf.h).</summary>
[Flags]
public enum BpfMapFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Entries of a hash table are allocated as they come; an LPM trie needs it.</summary>
    NoPreallocation = 1,

    /// <summary>Each CPU has an LRU list of its own.</summary>
    NoCommonLru = 2,

    /// <summary>Memory lies on a chosen NUMA node.</summary>
    NumaNode = 4,

    /// <summary>An array's memory can be mapped (kernel 5.5).</summary>
    Mappable = 1 << 10,

    /// <summary>Inner arrays of a map of maps may differ in size (kernel 5.10).</summary>
    InnerMap = 1 << 12,
}
