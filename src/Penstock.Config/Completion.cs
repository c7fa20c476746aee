// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Peers;

namespace Penstock.Config;

/// <summary>Fills in what need not be written.</summary>
internal static class Completion
{
    /// <summary>Names the host and the routes that have no name, and the hosts of the proxy tier where services go over all of them.</summary>
    public static ApplianceConfig FillIn(ApplianceConfig config) => config with
    {
        Node = config.Node ?? Environment.MachineName,
        L4 = config.Peers is { } peers && config.L4.Services.Any(IsSpread) ? config.L4 with { Services = [.. config.L4.Services.Select(service => IsSpread(service) ? Over(service, peers) : service)] } : config.L4,
        L7 = config.L7 with
        {
            Routes = config.L7.Routes.ToImmutableSortedDictionary(t => t.Key, t => Named(t.Value), StringComparer.Ordinal),
            Listeners = config.L7.Listeners.Any(AsksForCertificates) ? [.. config.L7.Listeners.Select(listener => AsksForCertificates(listener) ? Certified(listener, config.State) : listener)] : config.L7.Listeners,
        },
    };

    private static bool AsksForCertificates(ListenerConfig listener) => listener.Tls is { } tls && tls.Certificates.Any(certificate => !certificate.Acme.IsEmpty);

    private static ListenerConfig Certified(ListenerConfig listener, string state) =>
        listener with { Tls = listener.Tls! with { Certificates = [.. listener.Tls.Certificates.Select(certificate => certificate.Acme.IsEmpty ? certificate : Kept(certificate, state))] } }; // asked for: there is TLS

    // Certificate and key are one file, which is replaced at once.
    private static CertificateConfig Kept(CertificateConfig certificate, string state)
    {
        ImmutableArray<string> names = [.. certificate.Acme.Select(name => name.TrimEnd('.').ToLowerInvariant()).Distinct(StringComparer.Ordinal)];
        var path = Path.Combine(state, "acme", "certificates", names[0] + ".pem");
        return certificate with { Acme = names, Cert = path, Key = path };
    }

    private static bool IsSpread(ServiceConfig service) => service is { Forwarding: Forwarding.L7, Backends.IsEmpty: true, Spread: Spread.Peers };

    private static ServiceConfig Over(ServiceConfig service, PeersConfig peers) => service with { Backends = [.. peers.Proxies().Select(address => new BackendConfig { Address = address })] };

    private static ImmutableArray<RouteConfig> Named(ImmutableArray<RouteConfig> routes) =>
        [.. routes.Select(route => route.Name is null ? route with { Name = Name(route.Match) } : route)];

    // shop.example.com/api; = before an exact path and ~ before an expression, as nginx writes them; * for any host.
    private static string Name(RouteMatch match)
    {
        var path = match.Path is not null ? "=" + match.Path
            : match.PathRegex is not null ? "~" + match.PathRegex
            : match.PathPrefix ?? "/";
        var methods = match.Methods.IsEmpty ? "" : string.Join(',', match.Methods) + " ";
        return $"{methods}{match.Host ?? "*"}{path}";
    }
}
