// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Addresses of a Node of one type, the first of each family.</summary>
/// <param name="V4">That of IPv4; null: none.</param>
/// <param name="V6">That of IPv6; null: none.</param>
/// <param name="HasUnusable">Whether there is one besides that is no address, or of the node itself, or of a link.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NodeAddresses(IPAddress? V4, IPAddress? V6, bool HasUnusable)
{
    /// <summary>With one more, as the API server writes it.</summary>
    public NodeAddresses With(string? text)
    {
        if (text is null || !SliceReader.TryAddress(text, out var address))
            return this with { HasUnusable = true };
        return address.AddressFamily == AddressFamily.InterNetwork ? this with { V4 = V4 ?? address } : this with { V6 = V6 ?? address };
    }
}
