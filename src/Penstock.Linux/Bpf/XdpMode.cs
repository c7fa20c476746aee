// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>Where in the receive path an XDP program runs (XDP_FLAGS_*, linux/if_link.h).</summary>
public enum XdpMode
{
    /// <summary>In the kernel's stack, after it made a socket buffer: any interface, at many times the cost.</summary>
    Generic = 1 << 1,

    /// <summary>In the driver.</summary>
    Native = 1 << 2,

    /// <summary>In the network card.</summary>
    Offloaded = 1 << 3,
}
