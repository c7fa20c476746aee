// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>What stays the same while a backend has its id: all else may be written over, this asks for another id.</summary>
/// <param name="Address">Of the real server.</param>
/// <param name="Source">Address flows leave from.</param>
/// <param name="Port">Its port, in network order.</param>
/// <param name="Forwarding">How packets get there.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BackendKey(Layout.Address Address, Layout.Address Source, ushort Port, Layout.ForwardingKind Forwarding)
{
    /// <summary>The key of an entry.</summary>
    public static BackendKey Of(in Layout.Backend value) => new(value.Address, value.Source, value.PortBigEndian, value.Forwarding);
}
