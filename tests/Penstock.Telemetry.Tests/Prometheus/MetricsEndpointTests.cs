// SPDX-License-Identifier: Apache-2.0
using System.Collections.Frozen;
using System.Text;
using Penstock.Telemetry.Http;
using Penstock.Telemetry.Prometheus;
using Penstock.Tests;

namespace Penstock.Telemetry.Tests.Prometheus;

public sealed class MetricsEndpointTests : IDisposable
{
    private readonly MetricsCollector _collector = new(new RecordingLogger<MetricsCollector>());

    public void Dispose() => _collector.Dispose();

    [Fact]
    public async Task HandleAsync_Metrics_PrintsProcessFigures()
    {
        var response = await Ask("GET", "/metrics");

        response.Status.ShouldBe(200);
        response.ContentType.ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var text = Encoding.UTF8.GetString(response.Body.Span);
        foreach (var name in new[] { "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds", "dotnet_gc_collections_total" })
            text.ShouldContain($"\n{name}");
    }

    [Theory]
    [InlineData(true, 200, "ready\n")]
    [InlineData(false, 503, "draining\n")]
    public async Task HandleAsync_Healthz_SaysWhetherReady(bool isReady, int status, string text)
    {
        var response = await Ask("GET", "/healthz", isReady);

        response.Status.ShouldBe(status);
        Encoding.UTF8.GetString(response.Body.Span).ShouldBe(text);
    }

    [Theory]
    [InlineData("GET", "/", 404, null)]
    [InlineData("GET", "/metrics/", 404, null)]
    [InlineData("POST", "/metrics", 405, "GET, HEAD")]
    [InlineData("get", "/healthz", 405, "GET, HEAD")]
    [InlineData("HEAD", "/metrics", 200, null)]
    public async Task HandleAsync_OtherRequests_AreAnsweredInKind(string method, string path, int status, string? allow)
    {
        var response = await Ask(method, path);

        response.Status.ShouldBe(status);
        response.Allow.ShouldBe(allow);
    }

    private async Task<ControlHttpResponse> Ask(string method, string path, bool isReady = true)
    {
        var endpoint = new MetricsEndpoint(_collector, () => (isReady, isReady ? "ready" : "draining"));
        return await endpoint.HandleAsync(new ControlHttpRequest(method, path, "", FrozenDictionary<string, string>.Empty, default), default);
    }
}
