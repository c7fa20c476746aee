// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.Model.L4;

/// <summary>What a service listens on: a protocol, a virtual address, a port, a range of ports or all of them.</summary>
/// <remarks>Text forms: <c>tcp://192.0.2.1:80</c>, <c>udp://[2001:db8::1]:5000-5999</c>, <c>tcp://192.0.2.1:*</c>.</remarks>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Address">The virtual address.</param>
/// <param name="FirstPort">First port, 0 to 65535.</param>
/// <param name="LastPort">Last port, included.</param>
public sealed record ServiceAddress(TransportProtocol Protocol, IPAddress Address, int FirstPort, int LastPort)
{
    /// <summary>Whether it is one port.</summary>
    public bool IsOnePort => FirstPort == LastPort;

    /// <summary>Whether it is every port.</summary>
    public bool IsAllPorts => FirstPort == 0 && LastPort == ushort.MaxValue;

    /// <inheritdoc/>
    public override string ToString()
    {
        var host = Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
        var ports = IsAllPorts ? "*" : IsOnePort ? $"{FirstPort}" : $"{FirstPort}-{LastPort}";
        return $"{Protocol.ToString().ToLowerInvariant()}://{host}:{ports}";
    }
}
