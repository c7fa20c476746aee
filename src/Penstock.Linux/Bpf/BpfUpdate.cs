// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What an update expects of the key (linux/bpf.h).</summary>
public enum BpfUpdate
{
    /// <summary>Nothing.</summary>
    Any = 0,

    /// <summary>That it is new.</summary>
    NoExist = 1,

    /// <summary>That it is there.</summary>
    Exist = 2,
}
