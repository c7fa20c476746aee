// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.ControlPlane;

/// <summary>Makes backends of the endpoints that discovery has found for a service. What its forwarding can't reach is left out and told of: an engine that refused it would refuse everything else as well.</summary>
internal static class FoundBackends
{
    /// <summary>Most backends of one service: what an engine has to write at once.</summary>
    internal const int Most = 4096;

    private const string Configured = "configured";
    private const int Named = 3;

    /// <summary>Backends as written.</summary>
    public static ImmutableArray<FoundBackend> Written(ServiceConfig service) => [.. service.Backends.Select(backend => new FoundBackend(backend, Configured, Priority: 0))];

    /// <summary>Backends as found, each address and port once, in the order of the endpoints.</summary>
    /// <param name="service">The service.</param>
    /// <param name="engine">What balances.</param>
    /// <param name="endpoints">What discovery has found.</param>
    /// <returns>The backends, how many others are left out, and what is wrong with those; null: nothing.</returns>
    public static (ImmutableArray<FoundBackend> Backends, int LeftOut, string? Trouble) Of(ServiceConfig service, L4Engine engine, ImmutableArray<Endpoint> endpoints)
    {
        var backends = ImmutableArray.CreateBuilder<FoundBackend>(Math.Min(endpoints.Length, Most));
        var seen = new HashSet<(IPAddress, int?)>();
        var (most, mapsPorts) = (Math.Min(Most, service.TableSize), MapsPorts(service, engine));
        var hasFamily = endpoints.Any(endpoint => IsOfFamily(service, endpoint.Address.Address));
        var (left, why, names) = (0, "", new List<string>());
        foreach (var endpoint in endpoints)
        {
            // Pods have addresses of both families where their Service has: those of the other are the same pods.
            if (endpoint.Address is not { Address: { } address, Port: var number } || (hasFamily && !IsOfFamily(service, address)))
                continue;
            var trouble = Trouble(service, engine, address, number);
            if (trouble is null && backends.Count >= most)
                trouble = $"there are more than {most}";
            if (trouble is null)
            {
                int? port = mapsPorts ? number : null;
                if (seen.Add((address, port)))
                    backends.Add(Backend(endpoint, address, port));
                continue;
            }

            (left, why) = (left + 1, why.Length == 0 ? trouble : why);
            if (names.Count < Named)
                names.Add(endpoint.Address.ToString());
        }

        var told = left == 0 ? null : $"service {service.Name}: {left} of {endpoints.Length} endpoints are left out ({string.Join(", ", names)}{(left > names.Count ? ", ..." : "")}): {why}";
        return (backends.DrainToImmutable(), left, told);
    }

    /// <summary>A tier whose services have the backends that were found in place of none.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="found">What was found of a service.</param>
    public static L4Config Fill(L4Config config, Func<ServiceConfig, ImmutableArray<Endpoint>> found) => config.Services.All(service => service.Discovery is null)
        ? config
        : config with { Services = [.. config.Services.Select(service => service.Discovery is null ? service : service with { Backends = [.. Of(service, config.Engine, found(service)).Backends.Select(backend => backend.Config)] })] };

    private static bool IsOfFamily(ServiceConfig service, IPAddress? address) => address is not null && address.AddressFamily == service.Listen.Address.AddressFamily;

    private static FoundBackend Backend(Endpoint endpoint, IPAddress address, int? port)
    {
        var state = endpoint.State == EndpointState.Ready ? BackendState.Ready : BackendState.Drain;
        return new FoundBackend(new BackendConfig { Address = address, Weight = endpoint.Weight, Port = port, State = state }, endpoint.Reason, endpoint.Priority);
    }

    private static bool MapsPorts(ServiceConfig service, L4Engine engine) => service.Forwarding == Forwarding.Nat || engine == L4Engine.Userspace;

    private static string? Trouble(ServiceConfig service, L4Engine engine, IPAddress address, int port)
    {
        var listen = service.Listen;
        if (!IsOfFamily(service, address) && engine != L4Engine.Userspace)
            return "they are of another address family than the service";
        if (!MapsPorts(service, engine) && (port < listen.FirstPort || port > listen.LastPort))
            return $"they listen at port {port}, and {service.Forwarding.Name()} leaves the service's port as it is: let the pods listen there, or use nat";
        return address.Equals(listen.Address) && !(engine == L4Engine.Userspace && (port < listen.FirstPort || port > listen.LastPort)) ? "it is the service's own address" : null;
    }
}
