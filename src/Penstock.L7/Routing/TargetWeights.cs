// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L7.Balancing;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>Chooses among a route's clusters by their weights.</summary>
internal sealed class TargetWeights
{
    // Sums of the weights up to and including each target.
    private readonly ulong[] _upTo;

    /// <summary>Compiles the weights of a route's targets.</summary>
    public TargetWeights(ImmutableArray<WeightedCluster> targets)
    {
        _upTo = new ulong[targets.Length];
        ulong sum = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            sum += (ulong)Math.Max(targets[i].Weight, 0);
            _upTo[i] = sum;
        }
    }

    /// <summary>Draws a target with a chance of its weight over the sum of weights.</summary>
    /// <returns>Its index in the route's targets; -1 if all weights are 0 or there is none.</returns>
    public int Pick(ref FastRandom random)
    {
        ulong total = _upTo.Length == 0 ? 0 : _upTo[^1];
        if (total == 0)
        {
            return -1;
        }

        ulong draw = random.Below(total);
        int target = 0;
        while (_upTo[target] <= draw)
        {
            target++;
        }

        return target;
    }
}
