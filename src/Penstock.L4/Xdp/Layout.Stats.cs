// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>What is counted: bpf/include/counters.h.</summary>
internal static partial class Layout
{
    /// <summary>struct lb_backend_stats.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct BackendStats
    {
        public ulong Packets;
        public ulong Bytes;
        public ulong NewFlows;
        public ulong Misses;
    }

    /// <summary>struct lb_return_stats.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct ReturnStats
    {
        public ulong Packets;
        public ulong Bytes;
    }

    /// <summary>struct lb_service_stats.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct ServiceStats
    {
        public ulong Packets;
        public ulong Bytes;
        public ulong Rejected;
        public ulong Cookies;
    }

    /// <summary>struct lb_service_drop.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct ServiceDrop
    {
        public uint Service;
        public uint Reason;
    }

    /// <summary>struct lb_drop_stats.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct DropStats
    {
        public ulong Packets;
        public ulong Bytes;
    }
}
