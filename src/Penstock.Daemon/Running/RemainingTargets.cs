// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane.Overrides;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Daemon.Running;

/// <summary>What can still serve once an operator has taken something out, by what is known of it now.</summary>
internal static class RemainingTargets
{
    /// <summary>Says that nothing of a service or cluster is left that can serve; null: something is.</summary>
    /// <param name="taken">What is taken out.</param>
    /// <param name="next">Overrides from now on.</param>
    /// <param name="running">What runs.</param>
    public static string? Warning(OverrideTarget taken, OverrideSet next, Snapshot running)
    {
        if (taken.Kind is OverrideKind.Service or OverrideKind.Backend)
        {
            return !running.Services.TryGetValue(taken.Name, out var backends) || running.Config.L4.Services.FirstOrDefault(one => string.Equals(one.Name, taken.Name, StringComparison.Ordinal)) is not { } service
                || backends.Any(backend => backend is { State: EndpointState.Ready, Config.Weight: > 0 } && Stays(next.Of(service, backend.Config)))
                ? null
                : $"no backend of service {taken.Name} is left that can serve: its packets are handled as its empty key says";
        }

        if (!running.Endpoints.TryGetValue(taken.Name, out var cluster))
            return null;
        var used = cluster.Endpoints.Where(endpoint => endpoint.State == EndpointState.Ready).Select(endpoint => endpoint.Priority).DefaultIfEmpty(int.MaxValue).Min();
        return cluster.Endpoints.Any(endpoint => (endpoint.State == EndpointState.Ready || StandsBy(endpoint, used)) && endpoint.Weight > 0 && Stays(next.Of(taken.Name, endpoint.Address)))
            ? null
            : $"no endpoint of cluster {taken.Name} is left that can serve: its requests get 503";
    }

    // Those of a higher number drain only for as long as one of a lower is ready.
    private static bool StandsBy(Endpoint endpoint, int used) => endpoint.State == EndpointState.Drain && endpoint.Priority > used;

    private static bool Stays(StateOverride? said) => said is null or { State: BackendState.Ready };
}
