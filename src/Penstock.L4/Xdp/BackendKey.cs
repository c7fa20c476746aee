// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>
/// What stays the same while a backend has its id, and with it its flows: all else may be written over, this asks for another id. A real server that answers clients itself has its connections whichever way
/// their packets come, so the way there is none of it; by nat a flow is of the address that it leaves from.
/// </summary>
/// <param name="Address">Of the real server.</param>
/// <param name="Source">By nat, the address that flows leave from.</param>
/// <param name="Port">By nat, its port; by GUE, that of the tunnel, where it is not the usual one. In network order.</param>
/// <param name="Forwarding">How packets get there; of all that have the real server answer: IP in IP.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BackendKey(Layout.Address Address, Layout.Address Source, ushort Port, Layout.ForwardingKind Forwarding)
{
    /// <summary>The key of an entry.</summary>
    public static BackendKey Of(in Layout.Backend value) => value.Forwarding switch
    {
        Layout.ForwardingKind.Local or Layout.ForwardingKind.Nat => new(value.Address, value.Source, value.PortBigEndian, value.Forwarding),
        _ => new(value.Address, default, value.Port == BackendConfig.GuePort ? (ushort)0 : value.PortBigEndian, Layout.ForwardingKind.Ipip),
    };
}
