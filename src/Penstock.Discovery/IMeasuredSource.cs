// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery;

/// <summary>What a source shows of itself while it looks for endpoints; read by any thread.</summary>
internal interface IMeasuredSource
{
    /// <summary>Name of the cluster.</summary>
    string Cluster { get; }

    /// <summary>Time since what it has was last confirmed, of its parts the longest; since it was made when it never was.</summary>
    TimeSpan Age { get; }

    /// <summary>Endpoints as last reported.</summary>
    int EndpointCount { get; }

    /// <summary>What asks for attention now, a line each.</summary>
    IEnumerable<string> Warnings { get; }
}
