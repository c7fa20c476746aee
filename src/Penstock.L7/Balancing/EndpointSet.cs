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
        EqualWeights = count == 0 || !weights.AsSpan().ContainsAnyExcept(weights[0]);
        Alias = algorithm == Algorithm.RoundRobin || count == 0 ? null : new AliasTable(_weights);
    }

    /// <summary>The endpoints it was compiled from, by slot.</summary>
    public EndpointSlots Slots { get; }

    /// <summary>How an endpoint is chosen.</summary>
    public Algorithm Algorithm { get; }

    /// <summary>Endpoints that take requests, those ready with a weight: their slots, in the order of the cluster's endpoints.</summary>
    public ReadOnlySpan<int> Eligible => _eligible;

    /// <summary>Their weights, 1 to 65535.</summary>
    public ReadOnlySpan<int> Weights => _weights;

    /// <summary>Whether all weights are the same.</summary>
    public bool EqualWeights { get; }

    /// <summary>Draws a position in <see cref="Eligible"/> by weight; null for round robin and when nothing is eligible.</summary>
    public AliasTable? Alias { get; }

    /// <summary>Compiles a cluster's endpoints.</summary>
    /// <param name="source">The endpoints.</param>
    /// <param name="algorithm">How one is chosen.</param>
    /// <param name="before">What the cluster's endpoints were compiled to before, whose slots are kept; null: it is new, and each endpoint's slot is its index.</param>
    public static EndpointSet Compile(ClusterEndpoints source, Algorithm algorithm, EndpointSet? before = null) =>
        new(before is null ? EndpointSlots.Of(source) : before.Slots.Next(source), algorithm);

    /// <summary>Whether an endpoint takes requests.</summary>
    public static bool Takes([NotNullWhen(true)] Endpoint? endpoint) => endpoint is { State: EndpointState.Ready, Weight: > 0 };
}
