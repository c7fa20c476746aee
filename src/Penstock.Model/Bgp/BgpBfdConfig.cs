// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>BFD (RFC 5880) of a session.</summary>
public sealed record BgpBfdConfig
{
    /// <summary>Time between two packets, each way, as far as the router agrees, whole milliseconds. Default 100 ms.</summary>
    [Range("10ms", "10s")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Packets that are missed in a row until the session is down. Default 3.</summary>
    [Range("2", "255")]
    public int Multiplier { get; init; } = 3;
}
