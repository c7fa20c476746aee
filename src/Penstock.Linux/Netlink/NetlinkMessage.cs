// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>One message of a datagram, valid as long as the datagram is.</summary>
public readonly ref struct NetlinkMessage
{
    /// <summary>Bytes of struct nlmsghdr.</summary>
    internal const int HeaderLength = 16;

    /// <summary>Of its parts.</summary>
    internal NetlinkMessage(ushort type, NetlinkFlags flags, uint sequence, uint port, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Flags = flags;
        Sequence = sequence;
        Port = port;
        Payload = payload;
    }

    /// <summary>What it is: one of <see cref="NetlinkMessageType"/>, or the protocol's.</summary>
    public ushort Type { get; }

    /// <summary>Its flags.</summary>
    public NetlinkFlags Flags { get; }

    /// <summary>The number of the request it answers.</summary>
    public uint Sequence { get; }

    /// <summary>The socket it is for, as the kernel numbers sockets.</summary>
    public uint Port { get; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The payload's attributes, after a header of the protocol's own.</summary>
    /// <param name="headerLength">Bytes of that header.</param>
    public NetlinkAttributes Attributes(int headerLength) => new(Payload, headerLength);
}
