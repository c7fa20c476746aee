// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>One virtual address of a VRRP instance.</summary>
[Shorthand("address")]
public sealed record VrrpAddressConfig
{
    /// <summary>The address, with the prefix the interface is to have it with; none written: itself alone (/32, /128).</summary>
    [Example("203.0.113.10/24")]
    public required InterfaceAddress Address { get; init; }

    /// <summary>Interface that gets it; null: the instance's.</summary>
    [PerHost]
    [Text(TextForm.InterfaceName)]
    [Example("eth1")]
    public string? Interface { get; init; }

    /// <summary>Whether routers send its packets here, so that it need not lie in a network of the interface. Default false.</summary>
    public bool Routed { get; init; }
}
