// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;

namespace Penstock.L4.Capture;

/// <summary>What bpf/include/capture.h and this side share, as bpf/include/layout.h defines it. A test compares each with the object's BTF.</summary>
internal static class SampleLayout
{
    /// <summary>LB_NO_SERVICE.</summary>
    public const uint NoService = uint.MaxValue;

    /// <summary>LB_CAPTURE_BYTES.</summary>
    public const int MostBytes = 4096;

    /// <summary>LB_CAPTURE_IPV6.</summary>
    public const int Ipv6Clients = 256;

    /// <summary>struct lb_capture_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Filter
    {
        public ulong Until;
        public uint Service;
        public uint OneIn;
        public uint Verdicts;
        public uint Reasons;
        public uint Bytes;
        public uint Owner;
        public Layout.Address Client;
        public Layout.Address ClientMask;
    }

    /// <summary>struct lb_capture, up to its data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Sample
    {
        public ulong Time;
        public uint Service;
        public uint Backend;
        public uint InterfaceIndex;
        public uint Length;
        public ushort Captured;
        public byte Verdict;
        public byte Drop;
        public byte FlowHit;
        public byte Reserved0;
        public byte Reserved1;
        public byte Reserved2;
    }

    /// <summary>struct lb_capture_stats.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Stats
    {
        public ulong Matched;
        public ulong Lost;
    }
}
