// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Why the program dropped a packet: enum lb_drop of bpf/include/layout.h, where each is described.</summary>
internal enum DropReason
{
    None = 0,
    IpHeader = 1,
    IpLength = 2,
    L4Header = 3,
    TcpOffset = 4,
    TcpFlags = 5,
    UdpLength = 6,
    ExtensionHeaders = 7,
    IcmpHeader = 8,
    IcmpQuote = 9,
    NoService = 10,
    NoBackend = 11,
    BackendDown = 12,
    TooBig = 13,
    NoRoom = 14,
    NoRoute = 15,
    SourceBlocked = 16,
    SourceNotAllowed = 17,
    SourcePackets = 18,
    SourceFlows = 19,
    NatPorts = 20,
    NatUnknown = 21,
    NatFamily = 22,
    Fragment = 23,
    HopLimit = 24,
    Tunnel = 25,
    Replies = 26,
    SynCookie = 27,
    NewFlows = 28,
    Martian = 29,
    NatTags = 30,
}
