// SPDX-License-Identifier: Apache-2.0
using System.Net;

namespace Penstock.L4.Ipvs;

/// <summary>What makes a destination the one it is within its service.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; for all but NAT the service's.</param>
internal sealed record IpvsDestinationKey(IPAddress Address, ushort Port)
{
    /// <inheritdoc/>
    public override string ToString() => Port == 0 ? Address.ToString() : new IPEndPoint(Address, Port).ToString();
}
