// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux.Bpf;

/// <summary>BPF_OBJ_GET_INFO_BY_FD. A kernel that knows less leaves the rest zero; one that knows more fills what is asked.</summary>
internal static unsafe class BpfInfo
{
    private const int NameLength = 16;     // BPF_OBJ_NAME_LEN
    private const int XdpLink = 6;         // BPF_LINK_TYPE_XDP

    internal static BpfMapInfo OfMap(int fd)
    {
        MapInfo info = default;
        Get(fd, &info, sizeof(MapInfo));
        return new BpfMapInfo((BpfMapType)info.Type, info.Id, (int)info.KeySize, (int)info.ValueSize, info.MaxEntries, (BpfMapFlags)info.Flags, Name(info.Name), info.BtfId);
    }

    internal static BpfProgramInfo OfProgram(int fd)
    {
        ProgramInfo info = default;
        Get(fd, &info, sizeof(ProgramInfo));
        var maps = new uint[info.MapCount];
        if (maps.Length > 0)
        {
            fixed (uint* first = maps)
            {
                info = new ProgramInfo { MapCount = (uint)maps.Length, MapIds = (ulong)first };
                Get(fd, &info, sizeof(ProgramInfo));
            }
        }

        return new BpfProgramInfo(info.Id, Name(info.Name), info.Tag.ToString("x16", null), maps, info.VerifiedInstructions, info.TranslatedLength / 8);
    }

    internal static BpfLinkInfo OfLink(int fd)
    {
        LinkInfo info = default;
        Get(fd, &info, sizeof(LinkInfo));
        return new BpfLinkInfo(info.Id, info.ProgramId, info.Type == XdpLink ? (int)info.InterfaceIndex : 0);
    }

    private static void Get(int fd, void* info, int size)
    {
        var length = (uint)size;
        BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(fd, info, &length), "read BPF object info");
    }

    private static string Name(byte* bytes)
    {
        var name = new ReadOnlySpan<byte>(bytes, NameLength);
        var end = name.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
    }

    /// <summary>struct bpf_map_info (linux/bpf.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MapInfo
    {
        internal uint Type;
        internal uint Id;
        internal uint KeySize;
        internal uint ValueSize;
        internal uint MaxEntries;
        internal uint Flags;
        internal fixed byte Name[NameLength];
        internal uint InterfaceIndex;
        internal uint KernelValueType;
        internal ulong NamespaceDevice;
        internal ulong NamespaceInode;
        internal uint BtfId;
        internal uint BtfKeyType;
        internal uint BtfValueType;
        internal uint Padding;
        internal ulong Extra;
    }

    /// <summary>struct bpf_prog_info (linux/bpf.h), with the fields used here by their offsets.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 232)]
    private struct ProgramInfo
    {
        [FieldOffset(4)]
        internal uint Id;

        [FieldOffset(8)]
        internal ulong Tag;

        [FieldOffset(20)]
        internal uint TranslatedLength;

        [FieldOffset(52)]
        internal uint MapCount;

        [FieldOffset(56)]
        internal ulong MapIds;

        [FieldOffset(64)]
        internal fixed byte Name[NameLength];

        [FieldOffset(216)]
        internal uint VerifiedInstructions;
    }

    /// <summary>struct bpf_link_info (linux/bpf.h), of an XDP link.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct LinkInfo
    {
        [FieldOffset(0)]
        internal uint Type;

        [FieldOffset(4)]
        internal uint Id;

        [FieldOffset(8)]
        internal uint ProgramId;

        [FieldOffset(16)]
        internal uint InterfaceIndex;
    }
}
