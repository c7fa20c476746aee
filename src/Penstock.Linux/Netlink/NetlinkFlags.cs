// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>Flags of a netlink message, nlmsg_flags (linux/netlink.h). The same bits mean other things in requests for new objects, in dumps and in errors.</summary>
[Flags]
public enum NetlinkFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A request.</summary>
    Request = 0x1,

    /// <summary>One part of an answer in several messages, which <see cref="NetlinkMessageType.Done"/> ends.</summary>
    Multi = 0x2,

    /// <summary>Asks for an answer even when there is no error.</summary>
    Ack = 0x4,

    /// <summary>In an answer: what was dumped changed meanwhile, so that some of it may be missing or there twice (Linux 3.1).</summary>
    DumpInterrupted = 0x10,

    /// <summary>In a request: all objects and not one.</summary>
    Dump = 0x300,

    /// <summary>In a request for a new object: replace one that is there.</summary>
    Replace = 0x100,

    /// <summary>In a request for a new object: fail if it is there.</summary>
    Exclusive = 0x200,

    /// <summary>In a request for a new object: make it if it is not there.</summary>
    Create = 0x400,

    /// <summary>In an error: only the header of the request is repeated (Linux 4.3).</summary>
    Capped = 0x100,

    /// <summary>In an error or an end: attributes follow that explain it (Linux 4.12).</summary>
    Explained = 0x200,
}
