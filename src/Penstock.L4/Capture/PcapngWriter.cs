// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Penstock.L4.Capture;

/// <summary>Writes a pcapng file (draft-ietf-opsawg-pcapng): one section, Ethernet interfaces, packets with comments, little-endian.</summary>
/// <param name="output">Takes the file; written to, never sought.</param>
public sealed class PcapngWriter(Stream output)
{
    private const uint SectionHeader = 0x0A0D0D0A, InterfaceDescription = 1, InterfaceStatistics = 5, EnhancedPacket = 6; // block types, 4.
    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const ushort LinkTypeEthernet = 1;
    private const ushort EndOfOptions = 0, Comment = 1;             // options of every block, 3.5
    private const ushort UserApplication = 4;                       // shb_userappl, 4.1
    private const ushort InterfaceName = 2, TimeResolution = 9;     // if_name, if_tsresol, 4.2
    private const ushort Received = 4, Dropped = 5;                 // isb_ifrecv, isb_ifdrop, 4.6
    private const byte Nanoseconds = 9;                             // 10^-9

    private readonly ArrayBufferWriter<byte> _block = new();
    private readonly Dictionary<int, uint> _interfaces = [];

    private static ReadOnlySpan<byte> Padding => [0, 0, 0];

    /// <summary>Begins the file.</summary>
    /// <param name="application">What writes it.</param>
    public void WriteHeader(string application)
    {
        Add32(ByteOrderMagic);
        Add16(1);
        Add16(0);
        Add64(ulong.MaxValue); // the section's length is not known
        AddOption(UserApplication, Encoding.UTF8.GetBytes(application));
        AddEndOfOptions();
        Flush(SectionHeader);
    }

    /// <summary>Describes an interface; packets may come from it now.</summary>
    /// <param name="index">Its number in the kernel.</param>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Bytes of a packet that are kept at most.</param>
    public void WriteInterface(int index, string name, int bytes)
    {
        if (!_interfaces.TryAdd(index, (uint)_interfaces.Count))
            return;
        Add16(LinkTypeEthernet);
        Add16(0);
        Add32((uint)bytes);
        AddOption(InterfaceName, Encoding.UTF8.GetBytes(name));
        AddOption(TimeResolution, [Nanoseconds]);
        AddEndOfOptions();
        Flush(InterfaceDescription);
    }

    /// <summary>Whether an interface was described.</summary>
    public bool Knows(int index) => _interfaces.ContainsKey(index);

    /// <summary>Writes a packet.</summary>
    /// <param name="time">When it came.</param>
    /// <param name="index">The interface it came in by, described before.</param>
    /// <param name="length">Bytes it had.</param>
    /// <param name="data">Those of them that are kept.</param>
    /// <param name="comment">What is to stand beside it.</param>
    public void WritePacket(DateTimeOffset time, int index, int length, ReadOnlySpan<byte> data, string comment)
    {
        var nanoseconds = (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        Add32(_interfaces[index]);
        Add32((uint)(nanoseconds >> 32));
        Add32((uint)nanoseconds);
        Add32((uint)data.Length);
        Add32((uint)length);
        AddPadded(data);
        AddOption(Comment, Encoding.UTF8.GetBytes(comment));
        AddEndOfOptions();
        Flush(EnhancedPacket);
    }

    /// <summary>Ends the file with what was counted, for the first interface: the counts are of all together.</summary>
    public void WriteStatistics(DateTimeOffset time, long received, long dropped)
    {
        if (_interfaces.Count == 0)
            return;
        var nanoseconds = (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        Span<byte> count = stackalloc byte[sizeof(long)];
        Add32(0);
        Add32((uint)(nanoseconds >> 32));
        Add32((uint)nanoseconds);
        BinaryPrimitives.WriteInt64LittleEndian(count, received);
        AddOption(Received, count);
        BinaryPrimitives.WriteInt64LittleEndian(count, dropped);
        AddOption(Dropped, count);
        AddEndOfOptions();
        Flush(InterfaceStatistics);
    }

    private void Flush(uint type)
    {
        var total = (uint)_block.WrittenCount + 12;
        Span<byte> frame = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, type);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], total);
        output.Write(frame);
        output.Write(_block.WrittenSpan);
        output.Write(frame[4..]);
        _block.ResetWrittenCount();
    }

    private void AddOption(ushort code, ReadOnlySpan<byte> value)
    {
        Add16(code);
        Add16((ushort)value.Length);
        AddPadded(value);
    }

    private void AddEndOfOptions()
    {
        Add16(EndOfOptions);
        Add16(0);
    }

    private void AddPadded(ReadOnlySpan<byte> value)
    {
        _block.Write(value);
        _block.Write(Padding[..(-value.Length & 3)]);
    }

    private void Add16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_block.GetSpan(sizeof(ushort)), value);
        _block.Advance(sizeof(ushort));
    }

    private void Add32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_block.GetSpan(sizeof(uint)), value);
        _block.Advance(sizeof(uint));
    }

    private void Add64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_block.GetSpan(sizeof(ulong)), value);
        _block.Advance(sizeof(ulong));
    }
}
