// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Balancing;

/// <summary>A cluster's endpoints, compiled for balancing. Immutable, shared by all reactors.</summary>
internal sealed class EndpointSet
{
    private readonly int[] _eligible;
    private readonly int[] _weights;

    private EndpointSet(ClusterEndpoints source, Algorithm algorithm)
    {
        Source = source;
        Algorithm = algorithm;
        _eligible = [.. Enumerable.Range(0, source.Endpoints.Length).Where(i => source.Endpoints[i] is { State: EndpointState.Ready, Weight: > 0 })];
        _weights = [.. _eligible.Select(i => source.Endpoints[i].Weight)];
        EqualWeights = _weights.Distinct().Count() <= 1;
        Alias = algorithm == Algorithm.RoundRobin || _weights.Length == 0 ? null : new AliasTable(_weights);
    }

    /// <summary>What it was compiled from.</summary>
    public ClusterEndpoints Source { get; }

    /// <summary>How an endpoint is chosen.</summary>
    public Algorithm Algorithm { get; }

    /// <summary>Endpoints that take requests, those ready with a weight: their indexes in the cluster's endpoints.</summary>
    public ReadOnlySpan<int> Eligible => _eligible;

    /// <summary>Their weights, 1 to 65535.</summary>
    public ReadOnlySpan<int> Weights => _weights;

    /// <summary>Whether all weights are the same.</summary>
    public bool EqualWeights { get; }

    /// <summary>Draws a position in <see cref="Eligible"/> by weight; null for round robin and when nothing is eligible.</summary>
    public AliasTable? Alias { get; }

    /// <summary>Compiles a cluster's endpoints.</summary>
    public static EndpointSet Compile(ClusterEndpoints source, Algorithm algorithm) => new(source, algorithm);
}
