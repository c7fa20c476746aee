// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.ControlPlane;

/// <summary>Which endpoints of a cluster take requests when some are there only for when the others fail.</summary>
internal static class Priorities
{
    /// <summary>Has endpoints stand by where one of a lower priority number is ready: they drain, so that what they serve ends as it began. Health checks go on with them.</summary>
    /// <param name="endpoints">Endpoints as discovery and health have them.</param>
    /// <returns>The same array where all have one priority.</returns>
    public static ImmutableArray<Endpoint> Apply(ImmutableArray<Endpoint> endpoints)
    {
        var (used, highest) = (int.MaxValue, int.MinValue);
        foreach (var endpoint in endpoints)
        {
            highest = Math.Max(highest, endpoint.Priority);
            if (endpoint is { State: EndpointState.Ready, Weight: > 0 })
                used = Math.Min(used, endpoint.Priority);
        }

        return used >= highest
            ? endpoints
            : [.. endpoints.Select(endpoint => endpoint.Priority > used && endpoint.State == EndpointState.Ready ? endpoint with { State = EndpointState.Drain, Reason = "stands by: others go before it" } : endpoint)];
    }
}
