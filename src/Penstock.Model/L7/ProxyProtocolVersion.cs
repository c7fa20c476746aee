// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>A version of the PROXY protocol (haproxy's proxy-protocol.txt).</summary>
public enum ProxyProtocolVersion
{
    /// <summary>A line of text: addresses and ports.</summary>
    V1,

    /// <summary>Binary: addresses, ports and further values.</summary>
    V2,
}
