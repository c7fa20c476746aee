// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What XDP programs may call in the kernel, by its number (enum bpf_func_id of linux/bpf.h), with the first Linux that lets XDP call it.</summary>
public enum BpfFunction
{
    /// <summary>bpf_fib_lookup: the kernel's routes and neighbours. Linux 4.18.</summary>
    FibLookup = 69,

    /// <summary>bpf_skc_lookup_tcp: a host's listeners. Linux 5.2.</summary>
    SkcLookupTcp = 99,

    /// <summary>bpf_tcp_gen_syncookie. Linux 5.3.</summary>
    TcpGenSyncookie = 110,

    /// <summary>bpf_jiffies64. Linux 5.6.</summary>
    Jiffies64 = 118,

    /// <summary>bpf_ringbuf_output. Linux 5.8.</summary>
    RingbufOutput = 130,

    /// <summary>bpf_skc_to_tcp_sock: what the kernel keeps of a connection. Linux 5.9, with BTF of its types.</summary>
    SkcToTcpSock = 137,

    /// <summary>bpf_check_mtu. Linux 5.12.</summary>
    CheckMtu = 163,

    /// <summary>bpf_xdp_get_buff_len: frames of several buffers. Linux 5.18.</summary>
    XdpGetBuffLen = 188,

    /// <summary>bpf_xdp_load_bytes. Linux 5.18.</summary>
    XdpLoadBytes = 189,
}
