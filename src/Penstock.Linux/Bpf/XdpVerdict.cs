// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Bpf;

/// <summary>What an XDP program does with a packet (enum xdp_action, linux/bpf.h).</summary>
public enum XdpVerdict
{
    /// <summary>The program failed: drop it, and count that.</summary>
    Aborted = 0,

    /// <summary>Drop it.</summary>
    Drop = 1,

    /// <summary>On to the kernel's stack.</summary>
    Pass = 2,

    /// <summary>Out of the interface it came in by.</summary>
    Transmit = 3,

    /// <summary>Out of another interface.</summary>
    Redirect = 4,
}
