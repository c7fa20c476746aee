// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A backend as the maps are to have it.</summary>
/// <param name="Position">Its place among the backends of its service; entries of one backend have the same.</param>
/// <param name="Identity">Its number in the Maglev table.</param>
/// <param name="Address">Of the real server.</param>
/// <param name="Weight">Its share; 0: no slots.</param>
/// <param name="Value">Its entry, but for service and generation.</param>
/// <param name="Share">Sixteenths of its weight that count.</param>
internal sealed record PlannedBackend(int Position, ulong Identity, IPAddress Address, int Weight, Layout.Backend Value, int Share = BackendStatus.WholeShare)
{
    /// <summary>Whether its MAC address is found out.</summary>
    public bool IsResolved { get; init; }

    /// <summary>Why it takes no flows whatever its state, for people; empty: it may.</summary>
    public string Fault { get; init; } = "";

    /// <summary>Whether it has been in drain for so long, or has stood by since it is known, that flows no table knows are not looked for there.</summary>
    public bool IsLongInDrain { get; init; }

    /// <summary>Whether it has slots.</summary>
    public bool IsInRing => Value.State == Layout.StateKind.Ready && Weight > 0;

    /// <summary>Whether it keeps its flows and takes no new ones.</summary>
    public bool IsInDrain => Value.State == Layout.StateKind.Drain && Weight > 0;

    /// <summary>Whether it has flows, or may have.</summary>
    public bool KeepsFlows => Value.State is Layout.StateKind.Ready or Layout.StateKind.Drain;

    /// <summary>By which the maps know it.</summary>
    public BackendKey Key => BackendKey.Of(Value);
}
