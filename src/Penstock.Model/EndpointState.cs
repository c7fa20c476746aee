// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model;

/// <summary>Whether a backend or endpoint takes work.</summary>
public enum EndpointState
{
    /// <summary>Takes requests.</summary>
    Ready,

    /// <summary>Finishes what it has, takes no more.</summary>
    Drain,

    /// <summary>Taken out by an operator.</summary>
    Maintenance,

    /// <summary>Failed its health checks.</summary>
    Down,
}
