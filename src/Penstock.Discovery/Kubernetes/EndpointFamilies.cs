// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net.Sockets;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>Chooses endpoints by their address family.</summary>
internal static class EndpointFamilies
{
    /// <summary>Those of a family; the list itself where that leaves nothing out.</summary>
    public static ImmutableArray<Endpoint> Of(ImmutableArray<Endpoint> endpoints, KubernetesFamily family)
    {
        if (family == KubernetesFamily.Any)
            return endpoints;
        var count = 0;
        foreach (var endpoint in endpoints)
            count += IsOf(endpoint, AddressFamily.InterNetwork) ? 1 : 0;
        var wanted = family == KubernetesFamily.Ipv6 || (family == KubernetesFamily.PreferIpv4 && count == 0) ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var kept = wanted == AddressFamily.InterNetwork ? count : endpoints.Length - count;
        return kept == endpoints.Length ? endpoints : [.. endpoints.Where(endpoint => IsOf(endpoint, wanted))];
    }

    private static bool IsOf(Endpoint endpoint, AddressFamily family) => endpoint.Address.Address!.AddressFamily == family; // none is a Unix socket
}
