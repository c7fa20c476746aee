// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Netlink;

/// <summary>Takes a datagram apart into messages. Numbers are in the host's order.</summary>
/// <param name="datagram">The datagram.</param>
public ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>Whether bytes were left that are no message: a length below the header's or beyond the datagram's end.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The next message.</summary>
    /// <returns>False: there is none, or what follows is malformed.</returns>
    public bool TryRead(out NetlinkMessage message)
    {
        message = default;
        if (_rest.IsEmpty || IsMalformed)
            return false;
        if (_rest.Length < NetlinkMessage.HeaderLength)
            return Reject();
        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < NetlinkMessage.HeaderLength || length > (uint)_rest.Length)
            return Reject();

        message = new NetlinkMessage(
            MemoryMarshal.Read<ushort>(_rest[4..]),
            (NetlinkFlags)MemoryMarshal.Read<ushort>(_rest[6..]),
            MemoryMarshal.Read<uint>(_rest[8..]),
            MemoryMarshal.Read<uint>(_rest[12..]),
            _rest[NetlinkMessage.HeaderLength..(int)length]);
        _rest = _rest[Math.Min(Align((int)length), _rest.Length)..];
        return true;
    }

    /// <summary>The next multiple of four, which messages and attributes begin at.</summary>
    internal static int Align(int length) => (length + 3) & ~3;

    private bool Reject()
    {
        IsMalformed = true;
        return false;
    }
}
