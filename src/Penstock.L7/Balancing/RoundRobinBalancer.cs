// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.L7.Balancing;

/// <summary>
/// Chooses in turn. With unequal weights it is smooth weighted round robin as in nginx: each endpoint's credit grows by its weight, the
/// richest is chosen and pays the sum of weights; so over as many choices as that sum each endpoint has had exactly its weight,
/// spread out. That costs time linear in the number of endpoints; with equal weights, where it comes to taking turns, the time is constant.
/// </summary>
internal sealed class RoundRobinBalancer : Balancer
{
    private const int MaxStart = 64;
    private int _next;
    private long[] _credit = []; // By slot; empty: weights have been equal so far.

    /// <summary>A balancer that starts at a random place, so that reactors and restarts do not all favour the first endpoint.</summary>
    public RoundRobinBalancer(EndpointSet set, ref FastRandom random)
        : base(set)
    {
        _next = (int)random.Below(int.MaxValue);
        if (!set.EqualWeights)
        {
            GiveCredit(ref random);
        }
    }

    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random) => tried.IsEmpty
        ? Set.EqualWeights ? PickNext() : PickByCredit()
        : PickOther(tried, ref random);

    /// <inheritdoc/>
    protected override void OnChanged(EndpointSet old, ref FastRandom random)
    {
        if (_credit.Length == 0)
        {
            if (!Set.EqualWeights)
            {
                GiveCredit(ref random);
            }

            return;
        }

        if (_credit.Length < Set.Slots.Capacity)
        {
            Array.Resize(ref _credit, Set.Slots.Capacity);
        }

        foreach (int slot in Set.Slots.ChangedSince(old.Slots))
        {
            Endpoint? before = old.Slots[slot];
            Endpoint? now = Set.Slots[slot];
            if (!EndpointSet.Takes(before) || !EndpointSet.Takes(now) || before.Address != now.Address)
            {
                _credit[slot] = 0;
            }
        }
    }

    private void GiveCredit(ref FastRandom random)
    {
        _credit = new long[Set.Slots.Capacity];
        for (int i = (int)random.Below(MaxStart); i > 0; i--)
        {
            PickByCredit();
        }
    }

    private int PickNext()
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        if (eligible.IsEmpty)
        {
            return -1;
        }

        int position = (int)((uint)_next % (uint)eligible.Length);
        _next = position + 1;
        return eligible[position];
    }

    /// <summary>
    /// For a second attempt: by weight and chance, and nobody's turn moves. Were it to take a turn, then of two endpoints the one that refuses would be the
    /// first choice of every request, and of more it would come round too often.
    /// </summary>
    private int PickOther(ReadOnlySpan<int> tried, ref FastRandom random)
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        ReadOnlySpan<int> weights = Set.Weights;
        ulong total = 0;
        for (int i = 0; i < eligible.Length; i++)
        {
            total += tried.Contains(eligible[i]) ? 0 : (ulong)weights[i];
        }

        if (total == 0)
        {
            return -1;
        }

        ulong left = random.Below(total);
        int chosen = 0;
        while (tried.Contains(eligible[chosen]) || left >= (ulong)weights[chosen])
        {
            left -= tried.Contains(eligible[chosen]) ? 0 : (ulong)weights[chosen];
            chosen++;
        }

        return eligible[chosen];
    }

    private int PickByCredit()
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        ReadOnlySpan<int> weights = Set.Weights;
        int richest = -1;
        long total = 0;
        for (int i = 0; i < eligible.Length; i++)
        {
            int slot = eligible[i];
            total += weights[i];
            _credit[slot] += weights[i];
            if (richest < 0 || _credit[slot] > _credit[richest])
            {
                richest = slot;
            }
        }

        if (richest < 0)
        {
            return -1;
        }

        _credit[richest] -= total;
        return richest;
    }
}
