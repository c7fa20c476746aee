// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.Linux.Netlink;

/// <summary>The kernel's way to an address.</summary>
/// <param name="InterfaceIndex">Number of the interface it leaves by.</param>
/// <param name="Gateway">The router on that link; null: the address is on the link itself.</param>
/// <param name="IsLocal">Whether it is this host's own.</param>
public sealed record RouteTo(int InterfaceIndex, IPAddress? Gateway, bool IsLocal);
