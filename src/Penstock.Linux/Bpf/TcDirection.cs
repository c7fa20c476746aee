// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>Packets that a filter of traffic control sees (enum bpf_tc_attach_point of bpf/libbpf.h).</summary>
[Flags]
public enum TcDirection
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Those that come in, after XDP and before the stack.</summary>
    Ingress = 1,

    /// <summary>Those that leave, after the stack.</summary>
    Egress = 2,
}
