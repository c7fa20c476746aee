// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Balancing;

/// <summary>Draws two different endpoints by weight and takes the one with fewer requests in flight for its weight (Mitzenmacher, The Power of Two Choices, 2001); the first when they are level.</summary>
internal sealed class LeastRequestBalancer(EndpointSet set) : Balancer(set)
{
    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random)
    {
        int first = Draw(tried, except: -1, ref random);
        if (first < 0)
        {
            return -1;
        }

        int second = Draw(tried, except: first, ref random);
        ReadOnlySpan<int> eligible = Set.Eligible;
        ReadOnlySpan<int> weights = Set.Weights;
        bool secondIsLessBusy = second >= 0 && (long)active[eligible[second]] * weights[first] < (long)active[eligible[first]] * weights[second];
        return eligible[secondIsLessBusy ? second : first];
    }
}
