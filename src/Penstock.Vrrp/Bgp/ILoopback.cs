// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux.Netlink;

namespace Penstock.Vrrp.Bgp;

/// <summary>Addresses of lo. Not for several threads at a time.</summary>
internal interface ILoopback : IDisposable
{
    /// <summary>Addresses of all interfaces of the host.</summary>
    /// <exception cref="NetlinkException">The kernel did not answer.</exception>
    IReadOnlySet<IPAddress> OfHost();

    /// <summary>Puts an address on lo, or gives one that is there another lifetime.</summary>
    /// <param name="address">The address.</param>
    /// <param name="length">Bits of its prefix.</param>
    /// <param name="lifetime">Time after which the kernel takes it off, in whole seconds, at least one; null: never.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    void Put(IPAddress address, int length, TimeSpan? lifetime);

    /// <summary>Takes one off lo.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    void Remove(IPAddress address, int length);
}
