// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>The way to a Service in Kubernetes.</summary>
public enum KubernetesVia
{
    /// <summary>Its pods, by the addresses in its EndpointSlices: they have to be routable from here.</summary>
    Pods,

    /// <summary>Its node port on the nodes, by their addresses of type InternalIP. With externalTrafficPolicy: Local those that have a pod of the Service.</summary>
    Nodes,

    /// <summary>As nodes, by the addresses of type ExternalIP.</summary>
    ExternalNodes,
}
