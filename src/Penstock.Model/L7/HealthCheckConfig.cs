// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>An active health check.</summary>
public sealed record HealthCheckConfig
{
    /// <summary>What is tried. Default tcp.</summary>
    public HealthCheckType Type { get; init; } = HealthCheckType.Tcp;

    /// <summary>Time between two checks of one endpoint, with 10% of jitter. Default 2 s (haproxy: inter).</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for one check. Default 1 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Successes in a row that make an endpoint ready. Default 2 (haproxy: rise).</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Failures in a row that make it down. Default 3 (haproxy: fall).</summary>
    public int Fall { get; init; } = 3;

    /// <summary>http: path asked for with GET. Default /.</summary>
    public string Path { get; init; } = "/";

    /// <summary>http: value of Host; null: the endpoint's address.</summary>
    public string? Host { get; init; }

    /// <summary>http: least status that counts as success. Default 200.</summary>
    public int ExpectMin { get; init; } = 200;

    /// <summary>http: greatest status that counts as success. Default 399 (haproxy: 2xx and 3xx).</summary>
    public int ExpectMax { get; init; } = 399;
}
