// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Which of a Service's addresses are used. A Service with both families has each pod twice, once by each.</summary>
public enum KubernetesFamily
{
    /// <summary>Those of IPv4 where there are any, else those of IPv6: each pod counts once, and a host without IPv6 reaches all.</summary>
    PreferIpv4,

    /// <summary>Those of IPv4 alone.</summary>
    Ipv4,

    /// <summary>Those of IPv6 alone.</summary>
    Ipv6,

    /// <summary>All: a pod with both counts twice, in balancing and in limits of endpoints, and is checked twice.</summary>
    Any,
}
