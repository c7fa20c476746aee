// SPDX-License-Identifier: Apache-2.0
namespace Penstock.ControlPlane.Overrides;

/// <summary>What an operator takes out or in.</summary>
public enum OverrideKind
{
    /// <summary>All backends of an L4 service.</summary>
    Service,

    /// <summary>One backend of an L4 service.</summary>
    Backend,

    /// <summary>All endpoints of a cluster.</summary>
    Cluster,

    /// <summary>One endpoint of a cluster.</summary>
    Endpoint,
}
