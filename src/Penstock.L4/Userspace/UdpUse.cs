// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Userspace;

/// <summary>
/// What has come of a UDP flow so far. Where there is no room for another, the least goes first, as long as a quarter is left to each: anyone can make up clients, but one that
/// goes on after an answer takes more than a datagram each.
/// </summary>
internal enum UdpUse
{
    /// <summary>Its client has sent, and got no answer yet.</summary>
    Asked,

    /// <summary>It was answered.</summary>
    Answered,

    /// <summary>Its client has sent again after an answer.</summary>
    Established,
}
