// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.CodeAnalysis;
using Penstock.Model;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Balancing;

/// <summary>A cluster's endpoints, compiled for balancing. Immutable, shared by all reactors.</summary>
internal sealed class EndpointSet
{
    private readonly int[] _eligible;
    private readonly int[] _weights;
    private readonly int[] _byWeight = [];
    private readonly WeightClass[] _classes = [];

    private EndpointSet(EndpointSlots slots, Algorithm algorithm)
    {
        Slots = slots;
        Algorithm = algorithm;
        ReadOnlySpan<Endpoint> endpoints = slots.Source.Endpoints.AsSpan();
        var eligible = new int[endpoints.Length];
        var weights = new int[endpoints.Length];
        int count = 0;
        for (int i = 0; i < endpoints.Length; i++)
        {
            if (Takes(endpoints[i]))
            {
                eligible[count] = slots.InOrder[i];
                weights[count++] = endpoints[i].Weight;
            }
        }

        Array.Resize(ref eligible, count);
        Array.Resize(ref weights, count);
        _eligible = eligible;
        _weights = weights;
        Alias = count == 0 ? null : new AliasTable(_weights);
        if (algorithm == Algorithm.RoundRobin)
        {
            (_byWeight, _classes) = Classify(_eligible, _weights);
        }
    }

    /// <summary>The endpoints it was compiled from, by slot.</summary>
    public EndpointSlots Slots { get; }

    /// <summary>How an endpoint is chosen.</summary>
    public Algorithm Algorithm { get; }

    /// <summary>Endpoints that take requests, those ready with a weight: their slots, in the order of the cluster's endpoints.</summary>
    public ReadOnlySpan<int> Eligible => _eligible;

    /// <summary>Their weights, 1 to 65535.</summary>
    public ReadOnlySpan<int> Weights => _weights;

    /// <summary>The eligible by weight, the least first, those of one weight in the order of the cluster's endpoints: their slots. For round robin only.</summary>
    public ReadOnlySpan<int> ByWeight => _byWeight;

    /// <summary>The weights there are, the least first, each with its piece of <see cref="ByWeight"/>. For round robin only.</summary>
    public ReadOnlySpan<WeightClass> Classes => _classes;

    /// <summary>Draws a position in <see cref="Eligible"/> by weight; null when nothing is eligible.</summary>
    public AliasTable? Alias { get; }

    /// <summary>Compiles a cluster's endpoints.</summary>
    /// <param name="source">The endpoints.</param>
    /// <param name="algorithm">How one is chosen.</param>
    /// <param name="before">What the cluster's endpoints were compiled to before, whose slots are kept; null: it is new, and each endpoint's slot is its index.</param>
    public static EndpointSet Compile(ClusterEndpoints source, Algorithm algorithm, EndpointSet? before = null) =>
        new(before is null ? EndpointSlots.Of(source) : before.Slots.Next(source), algorithm);

    /// <summary>Whether an endpoint takes requests.</summary>
    public static bool Takes([NotNullWhen(true)] Endpoint? endpoint) => endpoint is { State: EndpointState.Ready, Weight: > 0 };

    private static (int[] ByWeight, WeightClass[] Classes) Classify(int[] eligible, int[] weights)
    {
        if (eligible.Length == 0)
        {
            return ([], []);
        }

        if (!weights.AsSpan().ContainsAnyExcept(weights[0]))
        {
            return (eligible, [new WeightClass(weights[0], 0, weights.Length)]);
        }

        int[] byWeight = [.. eligible];
        var order = new long[weights.Length]; // weight, place: so those of one weight stay in their order
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = ((long)weights[i] << 32) | (uint)i;
        }

        Array.Sort(order, byWeight);
        var classes = new List<WeightClass>();
        int start = 0;
        for (int i = 1; i <= order.Length; i++)
        {
            int weight = (int)(order[start] >> 32);
            if (i == order.Length || (int)(order[i] >> 32) != weight)
            {
                classes.Add(new WeightClass(weight, start, i - start));
                start = i;
            }
        }

        return (byWeight, [.. classes]);
    }
}
