// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>An active health check.</summary>
public sealed record HealthCheckConfig
{
    /// <summary>What is tried. Default tcp.</summary>
    public HealthCheckType Type { get; init; } = HealthCheckType.Tcp;

    /// <summary>Time between two checks of one endpoint, with 10% of jitter. Default 2 s (haproxy: inter).</summary>
    [Range("10ms", "24h")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for one check. Default 1 s.</summary>
    [Range("1ms", "1h")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Successes in a row that make an endpoint ready. Default 2 (haproxy: rise).</summary>
    [Range("1", "1000")]
    public int Rise { get; init; } = 2;

    /// <summary>Failures in a row that make it down. Default 3 (haproxy: fall).</summary>
    [Range("1", "1000")]
    public int Fall { get; init; } = 3;

    /// <summary>http: path asked for with GET. Default /.</summary>
    [Text(TextForm.UrlPathAndQuery)]
    [Example("/healthz")]
    public string Path { get; init; } = "/";

    /// <summary>http, grpc: value of Host, in HTTP/2 of <c>:authority</c>; null: the endpoint's address.</summary>
    [Text(TextForm.HostAndPort)]
    [Example("shop.example.com")]
    public string? Host { get; init; }

    /// <summary>http: statuses that count as success. Default 200-399 (haproxy: 2xx and 3xx).</summary>
    public StatusRange Expect { get; init; } = new(200, 399);

    /// <summary>grpc: the service whose health is asked for, as its server calls it; null, the default: the server's as a whole.</summary>
    [Text(TextForm.Label)]
    [Example("shop.Cart")]
    public string? Service { get; init; }
}
