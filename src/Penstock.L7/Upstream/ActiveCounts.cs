// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Upstream;

/// <summary>Requests in flight from one reactor, by the slots of a cluster's endpoints: in one piece, where the balancer reads them. Its pools write them.</summary>
internal sealed class ActiveCounts
{
    private int[] _bySlot = [];

    /// <summary>All of them.</summary>
    internal ReadOnlySpan<int> BySlot => _bySlot;

    /// <summary>Those of one endpoint.</summary>
    internal ref int this[int slot] => ref _bySlot[slot];

    /// <summary>Has room for so many slots.</summary>
    internal void Fit(int slots)
    {
        if (slots > _bySlot.Length)
            Array.Resize(ref _bySlot, slots);
    }
}
