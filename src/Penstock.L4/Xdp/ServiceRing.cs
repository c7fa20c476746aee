// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L4.Maglev;

namespace Penstock.L4.Xdp;

/// <summary>A ring of a service as the maps have it.</summary>
internal sealed class ServiceRing
{
    /// <summary>Its first line; below zero: there is none.</summary>
    public int Line { get; private set; } = -1;

    /// <summary>Its slots.</summary>
    public int Slots { get; private set; }

    /// <summary>What it was filled with; null: not known.</summary>
    public MaglevMember[]? Filled { get; set; }

    /// <summary>Slots by id; never written again once it is here.</summary>
    public IReadOnlyDictionary<uint, long> Shares { get; set; } = ImmutableDictionary<uint, long>.Empty;

    /// <summary>First lines of those before, which packets may meet until the service's entry is next written.</summary>
    public List<int> Old { get; } = [];

    /// <summary>Another ring takes its place, with what nobody knows in it.</summary>
    /// <param name="line">Its first line; below zero: there is to be none.</param>
    /// <param name="slots">Its slots.</param>
    public void Take(int line, int slots)
    {
        if (Line >= 0)
            Old.Add(Line);
        (Line, Slots, Filled, Shares) = (line, slots, null, ImmutableDictionary<uint, long>.Empty);
    }
}
