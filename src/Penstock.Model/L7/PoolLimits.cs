// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Bounds on connections to one cluster's endpoints.</summary>
public sealed record PoolLimits
{
    /// <summary>Unused connections kept to one endpoint by one reactor. Default 256.</summary>
    public int MaxIdle { get; init; } = 256;

    /// <summary>Connections to one endpoint by one reactor; beyond, requests are answered 503. Default 4096.</summary>
    public int MaxConnections { get; init; } = 4096;

    /// <summary>Requests over one connection before it is closed; 0, the default: no limit.</summary>
    public int MaxRequests { get; init; }

    /// <summary>Bytes of a response head. Default 64 KiB.</summary>
    public int ResponseHeaderBytes { get; init; } = 64 << 10;

    /// <summary>Number of response header fields. Default 200.</summary>
    public int ResponseHeaderCount { get; init; } = 200;
}
