// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;

namespace Penstock.Model.Vrrp;

/// <summary>An address as an interface has it: with the length of its network's prefix.</summary>
/// <param name="Address">The address.</param>
/// <param name="Length">Bits of the prefix; as many as the address has where it stands for itself alone.</param>
public sealed record InterfaceAddress(IPAddress Address, int Length)
{
    /// <summary>Such as <c>203.0.113.10/24</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");
}
