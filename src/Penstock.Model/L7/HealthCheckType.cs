// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Kinds of active health check.</summary>
public enum HealthCheckType
{
    /// <summary>A TCP (or Unix) connect.</summary>
    Tcp,

    /// <summary>GET over HTTP/1.1 and a status within the expected range.</summary>
    Http,
}
