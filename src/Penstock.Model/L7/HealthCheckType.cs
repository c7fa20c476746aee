// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Kinds of active health check.</summary>
public enum HealthCheckType
{
    /// <summary>A TCP (or Unix) connect.</summary>
    Tcp,

    /// <summary>GET and a status within the expected range; over HTTP/2 where the cluster has <c>protocol: h2</c>, else over HTTP/1.1.</summary>
    Http,

    /// <summary>A call of grpc.health.v1.Health/Check over HTTP/2 that says SERVING, whatever the cluster's <c>protocol</c>.</summary>
    Grpc,
}
