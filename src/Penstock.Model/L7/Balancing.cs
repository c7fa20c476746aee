// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>How an endpoint is chosen among those that are ready.</summary>
public enum Balancing
{
    /// <summary>In turn, by smooth weighted round robin.</summary>
    RoundRobin,

    /// <summary>The less busy of two drawn at random by weight (power of two choices).</summary>
    LeastRequest,

    /// <summary>At random, by weight.</summary>
    Random,
}
