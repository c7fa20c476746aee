// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Where frames for backends go on the link.</summary>
public enum NextHop
{
    /// <summary>As the kernel's routes and neighbours say, for each packet.</summary>
    Kernel,

    /// <summary>Back to the MAC address the packet came from: the router, where it knows the way to the backends.</summary>
    Sender,
}
