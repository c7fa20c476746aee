// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Telemetry.Http;

namespace Penstock.Telemetry.Prometheus;

/// <summary>Answers <c>GET /metrics</c> with every metric of this process and <c>GET /healthz</c> with whether it takes traffic.</summary>
/// <param name="metrics">What is measured.</param>
/// <param name="health">Whether the process is ready, and a word on it such as <c>draining</c>: 200 when ready, else 503.</param>
public sealed class MetricsEndpoint(MetricsCollector metrics, Func<(bool IsReady, string Text)> health)
{
    /// <summary>Bounds for the listener that serves this: a scraper needs few connections.</summary>
    public static ControlHttpLimits Limits { get; } = new() { Connections = 16, BodyBytes = 0, Idle = TimeSpan.FromSeconds(75) };

    /// <summary>A <see cref="ControlHttpHandler"/>.</summary>
    public ValueTask<ControlHttpResponse> HandleAsync(ControlHttpRequest request, CancellationToken cancellation)
    {
        if (request.Path is not ("/metrics" or "/healthz"))
            return ValueTask.FromResult(ControlHttpResponse.Text(404, "not found; there are /metrics and /healthz"));

        if (request.Method is not ("GET" or "HEAD"))
            return ValueTask.FromResult(ControlHttpResponse.Text(405, "method not allowed", "GET, HEAD"));

        return ValueTask.FromResult(request.Path is "/metrics" ? Metrics() : Health());
    }

    private ControlHttpResponse Metrics() => new(200, MetricsCollector.ContentType, Encoding.UTF8.GetBytes(metrics.Collect()));

    private ControlHttpResponse Health()
    {
        var (isReady, text) = health();
        return ControlHttpResponse.Text(isReady ? 200 : 503, text);
    }
}
