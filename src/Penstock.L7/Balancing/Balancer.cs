// SPDX-License-Identifier: Apache-2.0
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Balancing;

/// <summary>Chooses endpoints of one cluster for one reactor, whose thread alone uses it. A choice allocates nothing.</summary>
internal abstract class Balancer
{
    private const int Draws = 4;

    /// <summary>A balancer over the given endpoints.</summary>
    protected Balancer(EndpointSet set) => Set = set;

    /// <summary>What it chooses from.</summary>
    public EndpointSet Set { get; private set; }

    /// <summary>The balancer for a cluster's new endpoints: the one before with its place kept, or a new one if there was none or the algorithm has changed.</summary>
    public static Balancer For(EndpointSet set, Balancer? before, ref FastRandom random)
    {
        if (before is not null && before.Set.Algorithm == set.Algorithm)
        {
            EndpointSet old = before.Set;
            before.Set = set;
            before.OnChanged(old, ref random);
            return before;
        }

        return set.Algorithm switch
        {
            Algorithm.RoundRobin => new RoundRobinBalancer(set, ref random),
            Algorithm.LeastRequest => new LeastRequestBalancer(set),
            Algorithm.Random => new RandomBalancer(set),
            _ => throw new ArgumentOutOfRangeException(nameof(set), set.Algorithm, message: null),
        };
    }

    /// <summary>Chooses an endpoint.</summary>
    /// <param name="tried">Slots not to choose: those of endpoints that this request has been tried on.</param>
    /// <param name="active">Requests in flight from this reactor by slot; only least_request reads it.</param>
    /// <param name="random">The reactor's generator.</param>
    /// <returns>The slot of one of the cluster's endpoints; -1: nothing is left to choose.</returns>
    public abstract int Pick(ReadOnlySpan<int> tried, ReadOnlySpan<int> active, ref FastRandom random);

    /// <summary>Carries state over to the new <see cref="Set"/>.</summary>
    protected virtual void OnChanged(EndpointSet old, ref FastRandom random)
    {
    }

    /// <summary>
    /// Draws a position among the eligible by weight, other than those excluded. When the draws hit excluded ones only, takes the next
    /// that is not from a random place on: then the weights count less, but it ends.
    /// </summary>
    /// <returns>-1: none is left.</returns>
    protected int Draw(ReadOnlySpan<int> tried, int except, ref FastRandom random)
    {
        ReadOnlySpan<int> eligible = Set.Eligible;
        if (Set.Alias is not { } alias)
        {
            return -1;
        }

        for (int i = 0; i < Draws; i++)
        {
            int position = alias.Draw(ref random);
            if (position != except && !tried.Contains(eligible[position]))
            {
                return position;
            }
        }

        int start = (int)random.Below((ulong)eligible.Length);
        for (int i = 0; i < eligible.Length; i++)
        {
            int position = (start + i) % eligible.Length;
            if (position != except && !tried.Contains(eligible[position]))
            {
                return position;
            }
        }

        return -1;
    }
}
