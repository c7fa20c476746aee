// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>What <c>nat_flows</c> holds.</summary>
internal static partial class Layout
{
    /// <summary>LB_NAT_BACK.</summary>
    public const int NatBack = 1;

    /// <summary>struct lb_nat_key.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct NatKey
    {
        public Address Source;
        public Address Destination;
        public ushort SourcePortBigEndian;
        public ushort DestinationPortBigEndian;
        public byte Protocol;
        public byte Reserved0;
        public byte Reserved1;
        public byte Reserved2;

        public static NatKey Of(IPEndPoint source, IPEndPoint destination, byte protocol) => new()
        {
            Source = Address.Of(source.Address),
            Destination = Address.Of(destination.Address),
            SourcePortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)source.Port),
            DestinationPortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)destination.Port),
            Protocol = protocol,
        };
    }

    /// <summary>struct lb_nat_flow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct NatFlow
    {
        public Address Source;
        public Address Destination;
        public ushort SourcePortBigEndian;
        public ushort DestinationPortBigEndian;
        public uint Choice;
        public byte State;
        public byte Direction;
        public ushort TciBigEndian;
        public uint Seen;
        public uint InterfaceIndex;
        public Mac Mac;
        public Mac OwnMac;

        /// <summary>Whether it is of answers, not of what clients send.</summary>
        public readonly bool IsBack => (Direction & NatBack) != 0;

        public readonly int SourcePort => BinaryPrimitives.ReverseEndianness(SourcePortBigEndian);

        public readonly int DestinationPort => BinaryPrimitives.ReverseEndianness(DestinationPortBigEndian);
    }
}
