// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>Kinds of map in use here (enum bpf_map_type, linux/bpf.h).</summary>
public enum BpfMapType
{
    /// <summary>No such kind.</summary>
    None = 0,

    /// <summary>Hash table.</summary>
    Hash = 1,

    /// <summary>Array.</summary>
    Array = 2,

    /// <summary>Programs to tail-call.</summary>
    ProgramArray = 3,

    /// <summary>Hash table with a value for each CPU.</summary>
    PerCpuHash = 5,

    /// <summary>Array with a value for each CPU.</summary>
    PerCpuArray = 6,

    /// <summary>Hash table that drops its least recently used entries.</summary>
    LruHash = 9,

    /// <summary><see cref="LruHash"/> with a value for each CPU.</summary>
    LruPerCpuHash = 10,

    /// <summary>Longest-prefix match.</summary>
    LpmTrie = 11,

    /// <summary>Ring buffer to user space.</summary>
    RingBuffer = 27,
}
