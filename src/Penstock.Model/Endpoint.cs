// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model;

/// <summary>One endpoint as it stands.</summary>
/// <param name="Address">Where it listens; unique within its cluster.</param>
/// <param name="Weight">Its share, 0 to 65535.</param>
/// <param name="State">Whether it takes requests.</param>
/// <param name="Reason">Why it is in this state, for people; empty while it is ready from the start.</param>
public sealed record Endpoint(SocketEndpoint Address, int Weight, EndpointState State, string Reason = "")
{
    /// <summary>Zone it is in, as its source names it; empty: not known.</summary>
    public string Zone { get; init; } = "";

    /// <summary>Endpoints of a lower number are used as long as one of them is ready. Default 0, the first.</summary>
    public int Priority { get; init; }
}
