// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Where an XDP program runs.</summary>
public enum XdpAttach
{
    /// <summary>In the driver, or not at all.</summary>
    Native,

    /// <summary>In the kernel's stack.</summary>
    Generic,
}
