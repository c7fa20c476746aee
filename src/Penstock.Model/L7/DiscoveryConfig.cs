// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Where a cluster's endpoints, or a service's backends, come from when they are not in the file. Exactly one source is given; services take kubernetes alone.</summary>
public sealed record DiscoveryConfig
{
    /// <summary>A name in DNS: every A and AAAA address, for as long as its TTL says.</summary>
    [Example("{name: api.internal, port: 8080}")]
    public DnsDiscoveryConfig? Dns { get; init; }

    /// <summary>A Service in Kubernetes, such as that of a mesh gateway, or the same Service in several Kubernetes clusters: its endpoints as the API servers tell them.</summary>
    [Example("{service: istio-system/istio-ingressgateway, port: http2, kubeconfig: /etc/penstock/mesh-a.kubeconfig}")]
    public ImmutableArray<KubernetesDiscoveryConfig> Kubernetes { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(DiscoveryConfig? other) => other is not null && Equals(Dns, other.Dns) && Kubernetes.AsSpan().SequenceEqual(other.Kubernetes.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Dns, Kubernetes.Length);
}
