// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>The way that health checks of a service take.</summary>
public enum HealthVia
{
    /// <summary>A connection to the backend's own address.</summary>
    Address,

    /// <summary>As a client's packets: to the service's address, in the tunnel or frame of the service's forwarding, to the one backend that is checked.</summary>
    DataPath,
}
