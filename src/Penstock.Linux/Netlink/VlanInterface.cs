// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>An interface that is one VLAN of another (802.1Q).</summary>
/// <param name="Index">Its number.</param>
/// <param name="ParentIndex">Number of the interface that its frames leave by, with a tag.</param>
/// <param name="VlanId">The VLAN, 0 to 4094.</param>
public sealed record VlanInterface(int Index, int ParentIndex, int VlanId);
