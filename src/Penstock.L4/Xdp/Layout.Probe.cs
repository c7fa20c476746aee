// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>What <c>probes</c> holds.</summary>
internal static partial class Layout
{
    /// <summary>struct lb_probe.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct Probe
    {
        public Address Service;
        public Backend Backend;
    }
}
