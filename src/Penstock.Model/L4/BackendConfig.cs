// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>One real server of a service.</summary>
[Shorthand("address")]
public sealed record BackendConfig
{
    /// <summary>The UDP port of dsr-gue where none is written (IANA: gue).</summary>
    public const int GuePort = 6080;

    /// <summary>Its address.</summary>
    [Example("10.0.0.11")]
    public required IPAddress Address { get; init; }

    /// <summary>Its share among the backends, 0 to 65535; 0 takes no flows. Default 1.</summary>
    [Range("0", "65535")]
    public int Weight { get; init; } = 1;

    /// <summary>Whether it takes flows. Default ready.</summary>
    public BackendState State { get; init; } = BackendState.Ready;

    /// <summary>nat: the port it listens on; null: the one the client asked for. dsr-gue: the UDP port it decapsulates at; null: 6080 (IANA: gue).</summary>
    [Range("1", "65535")]
    [Example("8080")]
    public int? Port { get; init; }

    /// <summary>MAC address frames for it go to; null: by next_hop; with dsr-l2, the one the kernel's neighbour table has for its address.</summary>
    [PerHost]
    [Text(TextForm.MacAddress)]
    [Example("\"02:00:00:00:00:11\"")]
    public string? Mac { get; init; }

    /// <summary>Interface frames for it leave by, where mac is given; null: the one they came in by.</summary>
    [PerHost]
    [Text(TextForm.InterfaceName)]
    [Example("eth1")]
    public string? Interface { get; init; }

    /// <summary>VLAN that frames for it leave with, in place of the outermost tag they came with; 0: without a tag; null: as they came.</summary>
    [PerHost]
    [Range("0", "4094")]
    [Example("100")]
    public int? Vlan { get; init; }

    /// <summary>The server id that its QUIC connection ids carry, where the service has quic.</summary>
    [Range("0", "2147483647")]
    [Example("258")]
    public int? QuicId { get; init; }

    /// <summary>ipvs: connections at which it takes no more. 0, the default: no limit.</summary>
    [Range("0", "2147483647")]
    public int UpperThreshold { get; init; }

    /// <summary>ipvs: connections below which it takes them again. 0, the default: three quarters of upper_threshold.</summary>
    [Range("0", "2147483647")]
    public int LowerThreshold { get; init; }
}
