// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Balancing;

/// <summary>Chooses at random, by weight.</summary>
internal sealed class RandomBalancer(EndpointSet set) : Balancer(set)
{
    /// <inheritdoc/>
    public override int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random)
    {
        int position = Draw(tried, except: -1, ref random);
        return position < 0 ? -1 : Set.Eligible[position];
    }
}
