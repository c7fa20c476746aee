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
            PickByCredit([]);
        }
    }

    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random) =>
        Set.EqualWeights ? PickNext(tried) : PickByCredit(tried);

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

    private int PickNext(ReadOnlySpan<int> tried)
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        for (int i = 0; i < eligible.Length; i++)
        {
            int position = (int)((uint)_next % (uint)eligible.Length);
            _next = position + 1;
            if (!tried.Contains(eligible[position]))
            {
                return eligible[position];
            }
        }

        return -1;
    }

    private int PickByCredit(ReadOnlySpan<int> tried)
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        ReadOnlySpan<int> weights = Set.Weights;
        int richest = -1;
        long total = 0;
        for (int i = 0; i < eligible.Length; i++)
        {
            if (tried.Contains(eligible[i]))
            {
                continue;
            }

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
