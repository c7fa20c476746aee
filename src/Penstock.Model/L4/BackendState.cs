// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>State of a backend as an operator writes it; health checks may make it down besides.</summary>
public enum BackendState
{
    /// <summary>Takes flows.</summary>
    Ready,

    /// <summary>Keeps its flows, takes no new ones.</summary>
    Drain,

    /// <summary>Out: its flows move to others.</summary>
    Maintenance,
}
