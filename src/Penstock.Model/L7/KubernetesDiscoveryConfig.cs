// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Discovery by the API server of one Kubernetes cluster.</summary>
public sealed record KubernetesDiscoveryConfig
{
    /// <summary>Namespace and name of the Service.</summary>
    [Text(TextForm.NamespacedName)]
    [Example("istio-system/istio-ingressgateway")]
    public required string Service { get; init; }

    /// <summary>Name of the Service's port, whose protocol is TCP, or that of the L4 service; null: it has one only.</summary>
    [Text(TextForm.Name)]
    [Example("http2")]
    public string? Port { get; init; }

    /// <summary>
    /// File with the API server's address, its CA and what this host proves itself by: a client certificate, a token or a file of a token. Programs to run for a token (exec) are
    /// refused. It is read anew for each list and watch. Null, the default: the account of the pod that this daemon runs in.
    /// </summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/mesh-a.kubeconfig")]
    public string? Kubeconfig { get; init; }

    /// <summary>Context in the kubeconfig; null, the default: its current-context.</summary>
    [PerHost]
    [Text(TextForm.Label)]
    [Example("mesh-a")]
    public string? Context { get; init; }

    /// <summary>The way to the Service. Default pods.</summary>
    public KubernetesVia Via { get; init; } = KubernetesVia.Pods;

    /// <summary>
    /// Which addresses of the Service are used, of pods and nodes alike, where it has some of IPv4 and of IPv6. Default prefer_ipv4, one family for the whole Service: both are of the same pods,
    /// which would count twice, and half of the endpoints were down for good on a host without IPv6. Services of the L4 tier do not have it: their backends are of the family of <c>listen</c>.
    /// </summary>
    public KubernetesFamily Family { get; init; } = KubernetesFamily.PreferIpv4;

    /// <summary>
    /// Share of this Kubernetes cluster beside those of the same priority, however many endpoints each has; all of a list have one, or none. Null, the default: each endpoint counts alike.
    /// </summary>
    [Range("1", "1000")]
    [Example("90")]
    public int? Weight { get; init; }

    /// <summary>Endpoints of a lower number are used as long as one of them is ready; the others stand by. Default 0.</summary>
    [Range("0", "100")]
    public int Priority { get; init; }

    /// <summary>Zone (topology.kubernetes.io/zone) whose endpoints are used as long as one of them is ready; null, the default: all alike.</summary>
    [PerHost]
    [Text(TextForm.Label)]
    [Example("eu-1a")]
    public string? PreferZone { get; init; }
}
