// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Observability;

namespace Penstock.Telemetry.Tests.AccessLogging;

/// <summary>Sample records.</summary>
internal static class Records
{
    /// <summary>A request as a browser sends it.</summary>
    public static AccessRecord Typical(ReadOnlySpan<byte> target) => new()
    {
        StartUnixMicroseconds = 1_700_000_000_000_456,
        DurationMicroseconds = 1234,
        UpstreamMicroseconds = 1000,
        ClientAddress = [192, 0, 2, 1],
        ClientPort = 50123,
        Method = "GET"u8,
        Target = target,
        Host = "shop.example.com"u8,
        UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"u8,
        Referer = "https://shop.example.com/"u8,
        RequestId = "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506"u8,
        HttpVersion = 11,
        Status = 200,
        Reason = "",
        Listener = "https",
        Route = "shop.example.com/api",
        Cluster = "mesh-a",
        Endpoint = "10.0.0.1:80",
        RequestBodyBytes = 0,
        ResponseBodyBytes = 6_000_000_000,
        Attempts = 1,
    };
}
