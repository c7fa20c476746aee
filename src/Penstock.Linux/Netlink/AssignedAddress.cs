// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Linux.Netlink;

/// <summary>An address that an interface has.</summary>
/// <param name="Interface">The interface's number.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Bits of its network's prefix.</param>
public sealed record AssignedAddress(int Interface, IPAddress Address, int PrefixLength);
