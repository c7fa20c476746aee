// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>Rights of this process (capabilities(7)).</summary>
[Flags]
public enum Capabilities : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>CAP_DAC_OVERRIDE: files of every user.</summary>
    DacOverride = 1UL << 1,

    /// <summary>CAP_NET_BIND_SERVICE: ports below 1024.</summary>
    NetBindService = 1UL << 10,

    /// <summary>CAP_NET_ADMIN: interfaces, routes, and programs on them.</summary>
    NetAdmin = 1UL << 12,

    /// <summary>CAP_NET_RAW: packets of any protocol.</summary>
    NetRaw = 1UL << 13,

    /// <summary>CAP_SYS_ADMIN: among much else, what <see cref="Perfmon"/> and <see cref="Bpf"/> give.</summary>
    SysAdmin = 1UL << 21,

    /// <summary>CAP_PERFMON: programs that reckon with pointers (Linux 5.8).</summary>
    Perfmon = 1UL << 38,

    /// <summary>CAP_BPF: maps and programs (Linux 5.8).</summary>
    Bpf = 1UL << 39,
}
