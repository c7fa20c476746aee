// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Vrrp;

namespace Penstock.Config;

/// <summary>The host that a configuration is for: its network interfaces, and what it has room for.</summary>
public interface IHostInterfaces
{
    /// <summary>Names of all.</summary>
    IReadOnlyCollection<string> Names();

    /// <summary>Addresses of one; none where it has none, or is not there.</summary>
    IReadOnlyList<InterfaceAddress> Addresses(string name);

    /// <summary>Whether one of them has an address.</summary>
    bool HasAddress(IPAddress address) => Names().Any(name => Addresses(name).Any(own => own.Address.Equals(address)));

    /// <summary>In whose name it asks for a neighbour's MAC address on an interface, <c>arp_announce</c> of the kernel: 0 any of its addresses, 2 one of the interface's own network; null: not known.</summary>
    int? ArpAnnounce(string name) => null;

    /// <summary>Its memory, bytes; as much of it as this process may have.</summary>
    long Memory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Its processors.</summary>
    int Processors => Environment.ProcessorCount;
}
