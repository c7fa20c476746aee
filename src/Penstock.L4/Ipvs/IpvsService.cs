// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>A service of IPVS without its destinations.</summary>
/// <param name="Key">What it is.</param>
/// <param name="Scheduler">Name of its scheduler, such as wlc.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Timeout">Time of persistence, seconds; 0: none.</param>
/// <param name="Netmask">IPv4: mask of persistence, in network order; IPv6: length of the prefix.</param>
internal sealed record IpvsService(IpvsServiceKey Key, string Scheduler, IpvsServiceFlags Flags, uint Timeout, uint Netmask);
