// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;
using Penstock.Linux.Netlink;

namespace Penstock.Linux.Tests.Netlink;

/// <summary>Datagrams as the kernel's af_netlink.c writes them.</summary>
internal sealed class KernelMessages
{
    private readonly List<byte> _bytes = [];

    /// <summary>All of them so far.</summary>
    public byte[] Datagram => [.. _bytes];

    /// <summary>A message.</summary>
    public KernelMessages Add(ushort type, NetlinkFlags flags, uint sequence, params ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<uint> numbers = [(uint)(16 + payload.Length), type | ((uint)flags << 16), sequence, 4242];
        _bytes.AddRange(MemoryMarshal.AsBytes(numbers));
        _bytes.AddRange(payload);
        while (_bytes.Count % 4 != 0)
            _bytes.Add(0);
        return this;
    }

    /// <summary>NLMSG_ERROR, with words where they are not empty.</summary>
    /// <param name="sequence">The request's number.</param>
    /// <param name="error">Its errno.</param>
    /// <param name="words">NLMSGERR_ATTR_MSG.</param>
    /// <param name="repeated">Bytes of the request that are repeated after its header; null: it is capped.</param>
    public KernelMessages Outcome(uint sequence, Errno error, string words = "", int? repeated = null)
    {
        var flags = words.Length > 0 ? NetlinkFlags.Explained : NetlinkFlags.None;
        if (repeated is null)
            flags |= NetlinkFlags.Capped;
        var request = new byte[16 + (repeated ?? 0)];
        MemoryMarshal.Write(request, (uint)request.Length);
        return Add(NetlinkMessageType.Error, flags, sequence, [.. Number(-(int)error), .. Padded(request), .. Words(words)]);
    }

    /// <summary>NLMSG_DONE.</summary>
    public KernelMessages Done(uint sequence, Errno error = Errno.None, NetlinkFlags flags = NetlinkFlags.None) =>
        Add(NetlinkMessageType.Done, NetlinkFlags.Multi | flags, sequence, Number(-(int)error));

    private static byte[] Number(int value) => BitConverter.GetBytes(value);

    private static byte[] Padded(byte[] bytes) => [.. bytes, .. new byte[-bytes.Length & 3]];

    private static byte[] Words(string words)
    {
        if (words.Length == 0)
            return [];
        byte[] text = [.. Encoding.UTF8.GetBytes(words), 0];
        return [.. BitConverter.GetBytes((ushort)(4 + text.Length)), 1, 0, .. text];
    }
}
