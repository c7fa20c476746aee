// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;

namespace Penstock.L4;

/// <summary>What the L4 tier does at this moment.</summary>
/// <param name="Interfaces">Interfaces.</param>
/// <param name="Services">Services, in file order.</param>
/// <param name="Drops">Packets dropped, by reason; none that is zero.</param>
/// <param name="Notes">What the last start or reload rebuilt.</param>
public sealed record L4Status(
    ImmutableArray<InterfaceStatus> Interfaces,
    ImmutableArray<ServiceCounters> Services,
    ImmutableSortedDictionary<string, long> Drops,
    ImmutableArray<string> Notes)
{
    /// <summary>What balances.</summary>
    public L4Engine Engine { get; init; } = L4Engine.Xdp;

    /// <summary>Bytes of the packets dropped, by reason: of frames as they were then; engine xdp alone.</summary>
    public ImmutableSortedDictionary<string, long> DropBytes { get; init; } = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    /// <summary>What an operator should know, as whole sentences.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Backends that frames can't be sent to, because nobody on the link answers for their next hop or there is no route; null: an engine that does not look.</summary>
    public ImmutableArray<string>? Unresolved { get; init; }

    /// <summary>How often connections had to wait because there were too many, or no descriptor was left; null: an engine that accepts none.</summary>
    public long? AcceptPauses { get; init; }

    /// <summary>Of a tier without services.</summary>
    public static L4Status Empty { get; } = new([], [], ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal), []);
}
