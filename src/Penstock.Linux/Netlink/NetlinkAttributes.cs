// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>Walks attributes, struct nlattr or rtattr, in the order they are in.</summary>
public ref struct NetlinkAttributes
{
    private const int HeaderLength = 4;
    private const ushort TypeMask = 0x3FFF; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

    private ReadOnlySpan<byte> _rest;

    /// <summary>Those of a payload, after a header.</summary>
    /// <param name="payload">A message's payload, or a nested attribute's.</param>
    /// <param name="headerLength">Bytes before the first attribute; a payload that is shorter is malformed.</param>
    public NetlinkAttributes(ReadOnlySpan<byte> payload, int headerLength = 0)
    {
        var begin = NetlinkReader.Align(headerLength);
        IsMalformed = payload.Length < headerLength;
        _rest = payload.Length > begin ? payload[begin..] : default;
    }

    /// <summary>Whether bytes were left that are no attribute.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The next one.</summary>
    /// <returns>False: there is none, or what follows is malformed.</returns>
    public bool TryRead(out NetlinkAttribute attribute)
    {
        attribute = default;
        if (_rest.IsEmpty || IsMalformed)
            return false;
        if (_rest.Length < HeaderLength)
            return Reject();
        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < HeaderLength || length > _rest.Length)
            return Reject();

        attribute = new NetlinkAttribute((ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask), _rest[HeaderLength..length]);
        _rest = _rest[Math.Min(NetlinkReader.Align(length), _rest.Length)..];
        return true;
    }

    /// <summary>Throws where the walk ended before the end of the bytes.</summary>
    /// <exception cref="NetlinkException">It did.</exception>
    public readonly void RequireWhole()
    {
        if (IsMalformed)
            throw NetlinkException.Malformed("an attribute whose length is wrong");
    }

    private bool Reject()
    {
        IsMalformed = true;
        return false;
    }
}
