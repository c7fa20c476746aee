// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.L4.Xdp;

/// <summary>The host's interfaces.</summary>
internal interface IHostNetwork
{
    /// <summary>An interface by its name; null: there is none.</summary>
    HostInterface? Find(string name);

    /// <summary>An interface by its number; null: there is none.</summary>
    HostInterface? Find(int index);

    /// <summary>Every address of the host.</summary>
    /// <exception cref="Linux.Netlink.NetlinkException">The kernel did not answer.</exception>
    IReadOnlySet<IPAddress> Addresses();

    /// <summary>How often each interface has gained or lost its carrier, by the interface's number; empty: the kernel did not answer.</summary>
    IReadOnlyDictionary<int, uint> Carriers();

    /// <summary>The address the kernel's routes would have packets leave from; null: there is no route.</summary>
    IPAddress? SourceFor(IPAddress destination);

    /// <summary>Which of some addresses frames can't be sent to now: there is no route, it is this host's own, or the kernel does not know the MAC address of the next hop. Empty, too: the kernel did not answer.</summary>
    IReadOnlyList<IPAddress> Unresolved(IReadOnlyCollection<IPAddress> destinations);

    /// <summary>Has the kernel find out, or find out again, the MAC address of the next hop to an address: by an empty datagram to its discard port.</summary>
    void Resolve(IPAddress destination);
}
