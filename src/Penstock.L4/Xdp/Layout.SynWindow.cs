// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>What <c>syn_windows</c> holds.</summary>
internal static partial class Layout
{
    /// <summary>struct lb_syn_window.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct SynWindow
    {
        public uint Second;
        public uint Syns;
        public uint Cookies;
    }
}
