// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>A family of generic netlink, such as IPVS's: its messages have the family's number as type, and a command in a header of four bytes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">The number the kernel gave it when it registered; it changes when its module is loaded again.</param>
/// <param name="Version">The version of its interface.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct GenericNetlinkFamily(string Name, ushort Id, uint Version)
{
    /// <summary>Bytes of struct genlmsghdr.</summary>
    public const int HeaderLength = 4;

    private const ushort Controller = 16;     // GENL_ID_CTRL
    private const byte GetFamily = 3;         // CTRL_CMD_GETFAMILY
    private const ushort IdAttribute = 1;     // CTRL_ATTR_FAMILY_ID
    private const ushort NameAttribute = 2;   // CTRL_ATTR_FAMILY_NAME
    private const ushort VersionAttribute = 3; // CTRL_ATTR_VERSION

    /// <summary>Asks the kernel for a family, which may load its module.</summary>
    /// <returns>Null: the kernel has none of that name.</returns>
    /// <exception cref="NetlinkException">The kernel did not answer, or malformed.</exception>
    public static GenericNetlinkFamily? Find(NetlinkSocket socket, string name)
    {
        var request = new NetlinkWriter();
        new GenericNetlinkFamily("nlctrl", Controller, 1).Begin(request, GetFamily);
        request.Add(NameAttribute, name);
        GenericNetlinkFamily? found = null;
        var outcome = socket.Exchange(request, (in NetlinkMessage message) => found = Parse(message, name))[0];
        if (outcome.Error == Errno.ENOENT)
            return null;
        if (!outcome.IsOk)
            throw NetlinkException.Of($"ask the kernel for its netlink family {name}", outcome);
        return found ?? throw NetlinkException.Malformed($"no answer about family {name}");
    }

    /// <summary>Begins a message of it.</summary>
    /// <param name="writer">Where.</param>
    /// <param name="command">The command.</param>
    /// <param name="flags">As <see cref="NetlinkWriter.Begin"/> takes them.</param>
    public void Begin(NetlinkWriter writer, byte command, NetlinkFlags flags = NetlinkFlags.None)
    {
        writer.Begin(Id, flags);
        writer.Raw([command, (byte)Version, 0, 0]);
    }

    /// <summary>Reads the controller's answer.</summary>
    internal static GenericNetlinkFamily Parse(in NetlinkMessage message, string name)
    {
        ushort id = 0;
        uint version = 0;
        var attributes = message.Attributes(HeaderLength);
        while (attributes.TryRead(out var attribute))
        {
            if (attribute.Type == IdAttribute)
                id = attribute.UInt16();
            else if (attribute.Type == VersionAttribute)
                version = attribute.UInt32();
        }

        attributes.RequireWhole();
        return id >= Controller ? new GenericNetlinkFamily(name, id, version) : throw NetlinkException.Malformed($"family {name} without a number");
    }
}
