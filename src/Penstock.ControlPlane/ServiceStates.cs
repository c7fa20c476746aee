// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Health;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.ControlPlane;

/// <summary>States of the backends of L4 services: what the operator wrote, and what health checks found.</summary>
internal static class ServiceStates
{
    /// <summary>Backends of every service; a service that has not changed keeps its instance, and so does the whole.</summary>
    public static ImmutableDictionary<string, ImmutableArray<BackendStatus>> Assemble(L4Config config, HealthChecker health, Snapshot? running)
    {
        var before = running?.Services ?? ImmutableDictionary.Create<string, ImmutableArray<BackendStatus>>(StringComparer.Ordinal);
        var names = config.Services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        var next = before.RemoveRange(before.Keys.Where(name => !names.Contains(name))).ToBuilder();
        foreach (var service in config.Services)
        {
            var backends = service.Backends.Select(backend => Judge(service, backend, health)).ToImmutableArray();
            if (!next.TryGetValue(service.Name, out var known) || !known.SequenceEqual(backends))
                next[service.Name] = backends;
        }

        return next.ToImmutable();
    }

    /// <summary>What is to be checked.</summary>
    public static IEnumerable<HealthTarget> Targets(L4Config config)
    {
        foreach (var service in config.Services)
        {
            if (service.Health is { } check)
                yield return new HealthTarget(Key(service), check, [.. service.Backends.Where(backend => backend.State != BackendState.Maintenance).Select(backend => Address(service, backend))]);
        }
    }

    private static BackendStatus Judge(ServiceConfig service, BackendConfig backend, HealthChecker health)
    {
        if (backend.State == BackendState.Maintenance)
            return new BackendStatus(backend, EndpointState.Maintenance, "configured");
        if (service.Health is not null && health.TryGetState(Key(service), Address(service, backend), out var state, out var reason) && state == EndpointState.Down)
            return new BackendStatus(backend, state, reason);
        return backend.State == BackendState.Drain ? new BackendStatus(backend, EndpointState.Drain, "configured") : new BackendStatus(backend, EndpointState.Ready);
    }

    // No cluster has a colon in its name.
    private static string Key(ServiceConfig service) => "l4:" + service.Name;

    private static SocketEndpoint Address(ServiceConfig service, BackendConfig backend) =>
        SocketEndpoint.Ip(backend.Address, service.HealthPort ?? (service.Forwarding == Forwarding.Nat ? backend.Port : null) ?? service.Listen.FirstPort);
}
