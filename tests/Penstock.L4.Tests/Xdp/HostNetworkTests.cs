// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

public sealed class HostNetworkTests
{
    /// <summary>The kernel tells no next hop to itself, so that packets for such a backend are dropped.</summary>
    [Fact]
    public void Unresolved_AddressOfThisHostsOwn_IsOne() => new HostNetwork().Unresolved([IPAddress.Loopback]).ShouldBe([IPAddress.Loopback]);
}
