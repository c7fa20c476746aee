// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>Protocols of netlink sockets (linux/netlink.h).</summary>
public enum NetlinkProtocol
{
    /// <summary>Links, addresses, routes and neighbours: rtnetlink.</summary>
    Route = 0,

    /// <summary>Families that the kernel numbers as they register: generic netlink.</summary>
    Generic = 16,
}
