// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Protocols of services, by their numbers (IANA protocol numbers).</summary>
public enum TransportProtocol
{
    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,
}
