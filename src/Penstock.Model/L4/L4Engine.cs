// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>What balances at L4.</summary>
public enum L4Engine
{
    /// <summary>A program of our own in the kernel's receive path.</summary>
    Xdp,

    /// <summary>The kernel's IP virtual server.</summary>
    Ipvs,

    /// <summary>This process, as a proxy of TCP and UDP that needs no privilege.</summary>
    Userspace,
}
