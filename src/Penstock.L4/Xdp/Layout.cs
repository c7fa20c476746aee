// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Keys and values of the maps, as bpf/include/layout.h defines them. A test compares each with the object's BTF.</summary>
internal static partial class Layout
{
    /// <summary>LB_LAYOUT_VERSION: maps of another version are not adopted.</summary>
    public const int Version = 2;

    /// <summary>LB_RING_LINE_SLOTS.</summary>
    public const int RingLineSlots = 16;

    /// <summary>LB_FLOW_WAYS.</summary>
    public const int FlowWays = 6;

    /// <summary>LB_DROP_REASONS.</summary>
    public const int DropReasons = 32;

    /// <summary>struct lb_address: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d.</summary>
    [InlineArray(16)]
    [StructLayout(LayoutKind.Sequential)]
    public struct Address : IEquatable<Address>
    {
        private byte _first;

        public static Address Of(IPAddress address)
        {
            Address result = default;
            address.MapToIPv6().TryWriteBytes(result, out _);
            return result;
        }

        public readonly IPAddress ToIPAddress()
        {
            var address = new IPAddress(this);
            return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        }

        public readonly bool Equals(Address other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

        public override readonly bool Equals(object? obj) => obj is Address other && Equals(other);

        public override readonly int GetHashCode() => HashCode.Combine(BinaryPrimitives.ReadInt64LittleEndian(this), BinaryPrimitives.ReadInt64LittleEndian(((ReadOnlySpan<byte>)this)[8..]));
    }

    /// <summary>Six bytes of a MAC address.</summary>
    [InlineArray(6)]
    [StructLayout(LayoutKind.Sequential)]
    public struct Mac : IEquatable<Mac>
    {
        private byte _first;

        public static Mac Of(string text)
        {
            Mac result = default;
            Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal)).CopyTo((Span<byte>)result);
            return result;
        }

        public override readonly string ToString() => string.Join(':', ((ReadOnlySpan<byte>)this).ToArray().Select(octet => octet.ToString("x2", null)));

        public readonly bool Equals(Mac other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

        public override readonly bool Equals(object? obj) => obj is Mac other && Equals(other);

        public override readonly int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>struct lb_settings.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Settings
    {
        public ulong HashSeed;
        public Features Features;
        public uint FlowSets;
        public uint Cpus;
        public uint NewFlowsPerSecond;
        public uint ServiceLines;
        public uint RepliesPerSecond;
        public ushort NatPortFirst;
        public ushort NatPortLast;
        public ushort NatTcpTimeout;
        public ushort NatOpeningTimeout;
        public ushort NatUdpTimeout;
        public ushort Tick;
        public uint SearchesPerSecond;
    }

    /// <summary>enum lb_feature.</summary>
    [Flags]
    public enum Features : uint
    {
        None = 0,
        Nat = 1,
        Capture = 2,
        SynCookies = 4,
        Fib = 8,
        Fragments = 16,
        Jumbo = 32,
    }

    /// <summary>struct lb_service_key.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct ServiceKey
    {
        public Address Address;
        public ushort PortBigEndian;
        public byte Protocol;
        public byte Reserved;

        public static ServiceKey Of(IPAddress address, int port, int protocol) => new()
        {
            Address = Address.Of(address),
            PortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)port),
            Protocol = (byte)protocol,
        };

        public readonly int Port => BinaryPrimitives.ReverseEndianness(PortBigEndian);
    }

    /// <summary>struct lb_range_key.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct RangeKey
    {
        public const int AddressAndProtocolBits = 136;

        public uint Prefix;
        public Address Address;
        public byte Protocol;
        public byte PortHigh;
        public byte PortLow;
        public byte Reserved;

        public static RangeKey Of(IPAddress address, int protocol, PortPrefix ports) => new()
        {
            Prefix = (uint)(AddressAndProtocolBits + ports.Bits),
            Address = Address.Of(address),
            Protocol = (byte)protocol,
            PortHigh = (byte)(ports.First >> 8),
            PortLow = (byte)ports.First,
        };

        public readonly PortPrefix Ports => new((PortHigh << 8) | PortLow, (int)Prefix - AddressAndProtocolBits);
    }

    /// <summary>struct lb_service.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Service
    {
        public uint Id;
        public ServiceFlags Flags;
        public uint RingLine;
        public uint RingSlots;
        public uint FlowTimeout;
        public byte EmptyAction;
        public byte QuicOffset;
        public byte QuicLength;
        public byte Reserved0;
        public uint SourcePackets;
        public uint SourceFlows;
        public uint SynThreshold;
        public uint SecondLine;
        public uint SecondSlots;
        public uint LocalBackend;
    }

    /// <summary>enum lb_service_flag.</summary>
    [Flags]
    public enum ServiceFlags : uint
    {
        None = 0,
        ClientHash = 1 << 0,
        NoFlows = 1 << 1,
        Quic = 1 << 2,
        Overrides = 1 << 3,
        Allow = 1 << 4,
        Block = 1 << 5,
        Limit = 1 << 6,
        SynCookies = 1 << 7,
        Decap = 1 << 9,
        Nat = 1 << 10,
        NatSource = 1 << 11,
    }

    /// <summary>enum lb_empty_action.</summary>
    public enum EmptyKind : byte
    {
        Drop = 0,
        Reject = 1,
        Pass = 2,
    }

    /// <summary>struct lb_vip.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Vip
    {
        public VipFlags Flags;
        public ushort TcpFragmentPort;
        public ushort UdpFragmentPort;
    }

    /// <summary>enum lb_vip_flag.</summary>
    [Flags]
    public enum VipFlags : uint
    {
        None = 0,
        Ranges = 1 << 0,
        Echo = 1 << 1,
        NatSource = 1 << 2,
        Closed = 1 << 3,
    }

    /// <summary>struct lb_backend.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Backend
    {
        public Address Address;
        public Address Source;
        public uint Service;
        public uint InterfaceIndex;
        public ushort PortBigEndian;
        public Mac Mac;
        public Mac OwnMac;
        public ushort VlanBigEndian;
        public ushort Mtu;
        public ForwardingKind Forwarding;
        public StateKind State;
        public byte Generation;
        public BackendFlags Flags;
        public ushort Reserved;

        public readonly int Port => BinaryPrimitives.ReverseEndianness(PortBigEndian);
    }

    /// <summary>enum lb_forwarding.</summary>
    public enum ForwardingKind : byte
    {
        Local = 0,
        Ipip = 1,
        Gue = 2,
        L2 = 3,
        Nat = 4,
    }

    /// <summary>enum lb_backend_state.</summary>
    public enum StateKind : byte
    {
        Unused = 0,
        Ready = 1,
        Drain = 2,
        Down = 3,
    }

    /// <summary>enum lb_backend_flag.</summary>
    [Flags]
    public enum BackendFlags : byte
    {
        None = 0,
        Mac = 1 << 0,
        Fib = 1 << 1,
        Vlan = 1 << 2,
        Entropy = 1 << 3,
        Counted = 1 << 4,
    }

    /// <summary>struct lb_flow_set.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FlowSet
    {
        public FlowWords Tag;
        public FlowWords Choice;
        public FlowUses Use;
        public uint Reserved;
    }

    /// <summary>A word for each flow of a set.</summary>
    [InlineArray(FlowWays)]
    [StructLayout(LayoutKind.Sequential)]
    public struct FlowWords
    {
        private uint _first;
    }

    /// <summary>State and last use of each flow of a set.</summary>
    [InlineArray(FlowWays)]
    [StructLayout(LayoutKind.Sequential)]
    public struct FlowUses
    {
        private ushort _first;
    }

    /// <summary>struct lb_vlan_link.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct VlanLink
    {
        public uint Parent;
        public ushort TciBigEndian;
        public ushort Reserved;

        public static VlanLink Of(int parent, int vlan) => new() { Parent = (uint)parent, TciBigEndian = BinaryPrimitives.ReverseEndianness((ushort)vlan) };
    }

    /// <summary>struct lb_source_key.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct SourceKey
    {
        private const int ServiceBits = 32;

        public uint Prefix;
        public uint Service;
        public Address Address;

        public static SourceKey Of(uint service, SourcePrefix network)
        {
            var key = new SourceKey { Prefix = (uint)(ServiceBits + network.Bits), Service = service };
            BinaryPrimitives.WriteUInt64BigEndian(key.Address, network.High);
            BinaryPrimitives.WriteUInt64BigEndian(((Span<byte>)key.Address)[8..], network.Low);
            return key;
        }

        public static SourceKey Of(uint service, IPNetwork network) => Of(service, SourcePrefix.Of(network));

        public readonly SourcePrefix Network =>
            new(BinaryPrimitives.ReadUInt64BigEndian(Address), BinaryPrimitives.ReadUInt64BigEndian(((ReadOnlySpan<byte>)Address)[8..]), (byte)(Prefix - ServiceBits));
    }

    /// <summary>enum lb_source_verdict.</summary>
    public enum SourceVerdict : uint
    {
        Allow = 1,
        Block = 2,
    }

    /// <summary>struct lb_quic_key.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct QuicKey
    {
        public uint Service;
        public uint Server;
    }
}
