// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Penstock.Model;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Makes one list of the endpoints that several Kubernetes clusters have of a Service.</summary>
internal static class SourceMerge
{
    private const int MostWeight = ushort.MaxValue;

    /// <summary>Joins lists in their order; an address that comes again counts where it came first.</summary>
    /// <param name="parts">Each list with the share that it is to have; null: its endpoints count alike with those of the others.</param>
    public static ImmutableArray<Endpoint> Join(IReadOnlyList<(ImmutableArray<Endpoint> Endpoints, int? Weight)> parts)
    {
        if (parts.Count == 1)
            return Usable(parts[0].Endpoints);
        var scale = Scale(parts);
        var seen = new HashSet<SocketEndpoint>();
        var endpoints = ImmutableArray.CreateBuilder<Endpoint>(parts.Sum(part => part.Endpoints.Length));
        foreach (var (own, weight) in parts)
        {
            var factor = weight is { } share ? scale * share / Capacity(own) : 1;
            foreach (var endpoint in own)
            {
                if (seen.Add(endpoint.Address))
                    endpoints.Add(weight is null ? endpoint : endpoint with { Weight = Math.Clamp((int)Math.Round(endpoint.Weight * factor), 1, MostWeight) });
            }
        }

        return Usable(endpoints.DrainToImmutable());
    }

    // The greatest by which no weight gets too large: the finest shares.
    private static double Scale(IReadOnlyList<(ImmutableArray<Endpoint> Endpoints, int? Weight)> parts)
    {
        var greatest = 0.0;
        foreach (var (own, weight) in parts)
        {
            if (weight is { } share && !own.IsEmpty)
                greatest = Math.Max(greatest, share * (double)own.Max(endpoint => endpoint.Weight) / Capacity(own));
        }

        return greatest > 0 ? MostWeight / greatest : 1;
    }

    // Of those that take requests, where there are any.
    private static long Capacity(ImmutableArray<Endpoint> endpoints)
    {
        long ready = 0, all = 0;
        foreach (var endpoint in endpoints)
        {
            all += endpoint.Weight;
            ready += endpoint.State == EndpointState.Ready ? endpoint.Weight : 0;
        }

        return Math.Max(1, ready > 0 ? ready : all);
    }

    // As kube-proxy does: pods that end, but still serve, are better than none; so are nodes that are said to be unwell.
    private static ImmutableArray<Endpoint> Usable(ImmutableArray<Endpoint> endpoints)
    {
        if (endpoints.IsEmpty || endpoints.Any(endpoint => endpoint.State == EndpointState.Ready))
            return endpoints;
        return ImmutableCollectionsMarshal.AsImmutableArray(endpoints.Select(endpoint => endpoint with { State = EndpointState.Ready, Reason = $"{endpoint.Reason}; used since no other is ready" }).ToArray());
    }
}
