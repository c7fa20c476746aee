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
    private long[] _credit;

    /// <summary>A balancer that starts at a random place, so that reactors and restarts do not all favour the first endpoint.</summary>
    public RoundRobinBalancer(EndpointSet set, ref FastRandom random)
        : base(set)
    {
        _credit = new long[set.Eligible.Length];
        _next = (int)random.Below(int.MaxValue);
        for (int i = (int)random.Below(MaxStart); i > 0; i--)
        {
            PickByCredit();
        }
    }

    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random) => tried.IsEmpty
        ? Set.EqualWeights ? PickNext() : PickByCredit()
        : PickOther(tried, ref random);

    /// <inheritdoc/>
    protected override void OnChanged(EndpointSet old)
    {
        var creditOf = new Dictionary<SocketEndpoint, long>();
        for (int i = 0; i < old.Eligible.Length; i++)
        {
            creditOf[old.Source.Endpoints[old.Eligible[i]].Address] = _credit[i];
        }

        _credit = new long[Set.Eligible.Length];
        for (int i = 0; i < _credit.Length; i++)
        {
            _credit[i] = creditOf.GetValueOrDefault(Set.Source.Endpoints[Set.Eligible[i]].Address);
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
            total += weights[i];
            _credit[i] += weights[i];
            if (richest < 0 || _credit[i] > _credit[richest])
            {
                richest = i;
            }
        }

        if (richest < 0)
        {
            return -1;
        }

        _credit[richest] -= total;
        return eligible[richest];
    }
}
