// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>Takes one message of an answer, which is valid during the call.</summary>
/// <param name="message">The message.</param>
public delegate void NetlinkHandler(in NetlinkMessage message);
